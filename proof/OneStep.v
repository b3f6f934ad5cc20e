(* One layer of linear self-attention is one step of gradient descent, and   *)
(* K layers are K steps. (Proposition 1 of von Oswald et al., 2023.)         *)
(*                                                                           *)
(* How to read the formulas. 'M_(m, n) is the type of matrices with m rows   *)
(* and n columns. *m is their product, *: multiplies by a number, A^T is the *)
(* transpose, 1%:M the identity, \tr the trace. block_mx A B C D is the      *)
(* matrix (A B; C D), and col_mx A B is (A; B). lsubmx takes the left part   *)
(* of a matrix, drsubmx the lower right. iter K f a applies f K times to a.  *)

Set Warnings "-notation-overridden,-ambiguous-paths".
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section OneStep.

(* Numbers come from any commutative ring. The real numbers are one. *)
Variable R : comRingType.

(* The slots of x and of y; the examples; the queries (1 in the book). *)
Variables N_x N_y N N_q : nat.

(* ---- The layer ---------------------------------------------------------- *)

(* Tokens are columns: first those of the N examples, then the queries. *)
Notation tokens d := 'M[R]_(d, N + N_q).

(* Every token e becomes e + P V K^T q. Keys and values are the examples'. *)
Definition layer h d (W_K W_Q W_V : 'M_(h, d)) (P : 'M_(d, h)) E : tokens d :=
  let context := lsubmx E in
  let keys := W_K *m context in
  let values := W_V *m context in
  let queries := W_Q *m E in
  E + P *m values *m keys^T *m queries.

(* Stands for eta / N. Any number will do, so nothing is ever divided. *)
Variable rate : R.

(* The model before the first step. *)
Variable W_0 : 'M[R]_(N_y, N_x).

(* The matrix of the keys, and of the queries: read x, forget y. *)
Definition read_x : 'M[R]_(N_x + N_y) := block_mx 1%:M 0 0 0.

(* The matrix of the values: W_0 x - y, written into the y-slots. *)
Definition residual : 'M[R]_(N_x + N_y) := block_mx 0 0 W_0 (- 1%:M).

(* The layer with these weights, and with P = (eta / N) I. *)
Definition gd_layer := layer read_x read_x residual (rate *: 1%:M).

(* ---- Gradient descent --------------------------------------------------- *)

(* The examples, as columns, and the queries. *)
Variables (X : 'M[R]_(N_x, N)) (Y : 'M[R]_(N_y, N)) (X_q : 'M[R]_(N_x, N_q)).

(* Any labels T of the examples, any y-parts T_q of the queries, any model. *)
Implicit Types (T : 'M[R]_(N_y, N)) (T_q : 'M[R]_(N_y, N_q)).
Implicit Types W D : 'M[R]_(N_y, N_x).

(* The sum of all squared entries. *)
Definition squares m n (A : 'M[R]_(m, n)) := \tr (A^T *m A).

(* The gradient of half the sum of the squared residuals W x_i - t_i: N      *)
(* times that of the mean loss. So eta / N stands before it in a step.       *)
Definition gradient T W := (W *m X - T) *m X^T.

(* What one step adds to W. *)
Definition delta T W := - rate *: gradient T W.

(* One step for the labels Y, and K steps from W_0. *)
Definition gd_step W := W + delta Y W.
Definition descend K := iter K gd_step W_0.

(* ---- Two checks of the definitions -------------------------------------- *)

(* A product A B^T is the sum over examples of column times row. So V K^T is *)
(* the sum of v_i k_i^T, and the gradient that of (W x_i - t_i) x_i^T.       *)
Lemma sum_over_examples m n (A : 'M[R]_(m, N)) (B : 'M[R]_(n, N)) :
  A *m B^T = \sum_i col i A *m (col i B)^T.
Proof.
apply/matrixP=> a b; rewrite summxE !mxE; apply: eq_bigr => i _.
by rewrite !mxE big_ord1 !mxE.
Qed.

(* The gradient deserves its name: from W to W + D the sum of squares grows  *)
(* by twice its inner product with D, and a rest of second order in D.       *)
Lemma gradient_is_slope T W D :
  squares ((W + D) *m X - T) =
  squares (W *m X - T) + \tr ((gradient T W)^T *m D) *+ 2 + squares (D *m X).
Proof.
rewrite /squares /gradient (mulmxDl W) addrAC; move: (W *m X - T) => A.
have swap: \tr ((D *m X)^T *m A) = \tr (A^T *m (D *m X)).
  by rewrite -mxtrace_tr trmx_mul trmxK.
have -> : \tr ((A *m X^T)^T *m D) = \tr (A^T *m (D *m X)).
  by rewrite trmx_mul trmxK -mulmxA mxtrace_mulC mulmxA.
rewrite [(A + _)^T]linearD mulmxDl !mulmxDr !mxtraceD swap mulr2n.
by rewrite !addrA.
Qed.

(* ---- One layer is one step ---------------------------------------------- *)

(* All tokens: X and X_q above, T and T_q below. *)
Definition prompt T T_q : tokens (N_x + N_y) := block_mx X X_q T T_q.

(* Proposition 1. Every y-part t becomes t - delta x, and no x-part changes. *)
Theorem one_layer_is_one_step T T_q :
  let D := delta T W_0 in
  gd_layer (prompt T T_q) = prompt (T - D *m X) (T_q - D *m X_q).
Proof.
(* The context is the left part of the prompt. *)
have context : lsubmx (prompt T T_q) = col_mx X T.
  by rewrite /prompt block_mxEh row_mxKl.
(* Keys and queries keep the x-part, and values are W_0 x - t. *)
have keep n (A : 'M_(N_x, n)) B : read_x *m col_mx A B = col_mx A 0.
  by rewrite mul_block_col mul1mx !mul0mx !addr0.
have value : residual *m col_mx X T = col_mx 0 (W_0 *m X - T).
  by rewrite mul_block_col !mul0mx addr0 mulNmx mul1mx.
move=> D; rewrite /gd_layer /layer /= context keep value {2}/prompt block_mxEv.
rewrite keep -scalemxAl mul1mx.
(* The scores are X^T (X X_q), and nothing is written into the x-slots. *)
rewrite -mulmxA tr_col_mx trmx0 mul_row_col mul0mx addr0 mul_mx_row.
rewrite -scalemxAl mul_col_row !mul0mx scale_block_mx !scaler0.
(* Add the old tokens, and take X and X_q out of the sums. *)
rewrite /prompt add_block_mx !addr0.
by rewrite /D /delta /gradient scaleNr !mulNmx !opprK -!scalemxAl !mulmxA.
Qed.

(* The answer to the queries is minus their y-part. *)
Definition answer (E : tokens (N_x + N_y)) := - drsubmx E.

(* The prompt of the book: W_0 has already answered the queries. *)
Definition start := prompt Y (- (W_0 *m X_q)).

(* One layer answers as the model does after one step. *)
Corollary one_layer_answers : answer (gd_layer start) = gd_step W_0 *m X_q.
Proof.
by rewrite one_layer_is_one_step /answer block_mxKdr opprB opprK addrC mulmxDl.
Qed.

(* ---- K layers are K steps ----------------------------------------------- *)

(* The step is the same whether the model has moved or the labels have. *)
Lemma labels_remember W : delta (Y - (W - W_0) *m X) W_0 = delta Y W.
Proof.
rewrite /delta /gradient.
have -> // : W_0 *m X - (Y - (W - W_0) *m X) = W *m X - Y.
by rewrite mulmxBl opprD opprK addrC -addrA subrK addrC.
Qed.

(* After K layers, with W_0 in all of them, the labels hold all K steps. *)
Theorem K_layers_are_K_steps K T_q :
  let D := descend K - W_0 in
  iter K gd_layer (prompt Y T_q) = prompt (Y - D *m X) (T_q - D *m X_q).
Proof.
elim: K => [|K IH] /=; first by rewrite subrr !mul0mx !subr0.
rewrite IH one_layer_is_one_step labels_remember.
rewrite /gd_step (addrAC (descend K)).
by rewrite !(mulmxDl _ (delta _ _)) !opprD !addrA.
Qed.

(* K layers answer as the model does after K steps. *)
Corollary K_layers_answer K :
  answer (iter K gd_layer start) = descend K *m X_q.
Proof.
by rewrite K_layers_are_K_steps /answer block_mxKdr opprB mulmxBl opprK subrK.
Qed.

(* ---- What the weights leave free ---------------------------------------- *)

(* Turn the keys by M and the queries by the transpose of its inverse. *)
Theorem keys_may_turn h d (W_K W_Q W_V : 'M_(h, d)) P (M M_inv : 'M_h) E :
  M_inv *m M = 1%:M ->
  layer (M *m W_K) (M_inv^T *m W_Q) W_V P E = layer W_K W_Q W_V P E.
Proof.
move=> inverse; have turned: M^T *m M_inv^T = 1%:M.
  by rewrite -trmx_mul inverse trmx1.
rewrite /layer -!mulmxA trmx_mul -!mulmxA (mulmxA M^T) turned mul1mx.
by rewrite !trmx_mul !mulmxA.
Qed.

(* Turn the values by M, and let P turn them back. *)
Theorem values_may_turn h d (W_K W_Q W_V : 'M_(h, d)) P (M M_inv : 'M_h) E :
  M_inv *m M = 1%:M ->
  layer W_K W_Q (M *m W_V) (P *m M_inv) E = layer W_K W_Q W_V P E.
Proof.
by move=> inverse; rewrite /layer -!mulmxA (mulmxA M_inv) inverse mul1mx.
Qed.

End OneStep.

(* Each answer must be "Closed under the global context": no axiom is used. *)
Print Assumptions sum_over_examples.
Print Assumptions gradient_is_slope.
Print Assumptions one_layer_is_one_step.
Print Assumptions one_layer_answers.
Print Assumptions labels_remember.
Print Assumptions K_layers_are_K_steps.
Print Assumptions K_layers_answer.
Print Assumptions keys_may_turn.
Print Assumptions values_may_turn.
