"""Mistakes in the solutions of the assignments, and what they are told."""

#: question → changes of its solution, and words of what the changed one is told; in both,
#: {{ name }} stands for a number of the assignment.
SLIPS = {
    "loss": [("(2 * len(x))", "len(x)", "½ is missing"), ("(2 * len(x))", "2", "1/N is missing")],
    "gradient": [
        ("/ len(x)", "", "1/N is missing"),
        ("x @ w.T - y", "y - x @ w.T", "sign is turned"),
        ("x @ w.T - y", "-y", "W is missing"),
    ],
    "descend": [
        ("- lr * slope", "+ lr * slope", "these steps climb"),
        ("range(steps)", "range(steps - 1)", "W_K is missing"),
        ("torch.stack(path)", "path[-1]", "W_K alone|shape"),
        ("/ len(x)", "", "1/N is missing"),
    ],
    "ridge": [("n * decay", "decay", "N is missing"), ("n * decay", "2 * n * decay", "2 too much")],
    "steps_needed": [
        (".max()", ".min()", "the slowest decides"),
        ("eigenvalues).abs()", "eigenvalues[:1]).abs()", "overshoots"),
        ("math.ceil(", "1 + math.ceil(", "one step too many"),
        ("math.ceil(", "math.floor(", "one step too few"),
        ("/ len(x)", "", "1/N is missing"),
    ],
    "same_decay": [
        ("eigenvalue * left / (1 - left)", "left", "share that is left"),
        ("eigenvalue * left / (1 - left)", "1 - left", "share that is learnt"),
        ("left / (1 - left)", "(1 - left) / left", "exchanged"),
        ("** steps", "** (steps + 1)", "one step too many"),
    ],
    "join": [
        ("torch.cat([x, y], dim=1), query[None]", "query[None], torch.cat([x, y], dim=1)", "last"),
        ("[x, y], dim=1", "[y, x], dim=1", "x before y|difference"),
    ],
    "softmax": [
        (".amax(dim=-1, keepdim=True)", ".amax() * 0", "not for large ones"),
        ("/ size.sum(dim=-1, keepdim=True)", "", "divide by the sum|largest difference"),
        ("size.sum(dim=-1, keepdim=True)", "size[..., :-1].sum(dim=0)", "last axis|difference"),
    ],
    "attention": [
        ("/ len(W_K) ** {{ power }}", "", "division by (√d|d)"),
        ("len(W_K) ** {{ power }}", "len(W_K)", "it is (√d|d.0)"),
        ("tokens + weights", "weights", "add it to the tokens"),
        ("queries @ keys.T", "keys @ queries.T", "exchanged"),
    ],
    "causal_heads": [
        (".triu(1)", ".triu(1) & False", "mask is missing"),
        (".triu(1)", ".tril(-1)", "mask is turned"),
        ("tokens + torch", "torch", "add it to the tokens"),
    ],
    "linear_attention": [
        ("context = tokens[:-1]", "context = tokens", "the query is not asked"),
        ("tokens + tokens", "tokens", "add it to the tokens"),
        (
            "tokens @ W_Q.T @ memory.T",
            "(tokens @ W_Q.T @ (context @ W_K.T).T) @ (context @ W_V.T)",
            "table of all scores",
        ),
    ],
    "kernel_head": [
        ("d ** {{ power }} / width", "1 / width", "undo that"),
        ("= -0.5", "= 0.0", "‖x_i‖² is missing"),
        ("= -0.5", "= -1.0", "difference"),
        ("width**2", "(-(width**2))", "far examples weigh most"),
    ],
    "weighted_step": [
        ("+ s)[:, None]", "+ s)[:, None] ** 2", "not squared"),
        ("({{ base }} + s)[:, None]", "1", "forgotten"),
        ("/ len(x)", "", "1/N is missing"),
    ],
    "weighted_layer": [
        ("lr / n_context", "lr", "N is forgotten"),
        ("-torch.eye(dim_y)", "torch.eye(dim_y)", "sign is turned"),
        ("W_K[:, dim_x + dim_y :]", "W_K[:, :dim_x]", "without weights"),
        ("W_Q[:, :dim_x]", "W_Q[:, dim_x + dim_y :]", "does not move"),
    ],
    "velocities": [
        ("left - velocity", "left + velocity", "difference"),
        ("= beta * velocity", "= velocity", "never shrinks"),
        ("/ len(x)", "", "1/N is missing"),
    ],
    "momentum_layer": [
        ("-beta * one, beta * one", "-beta * one, one", "difference|never shrinks"),
        ("-beta * one, beta * one", "0 * one, beta * one", "not after 2"),
        ("P[of_y], P[of_v] = -lr / n_context * one, lr", "P[of_y], P[of_v] = -lr * one, lr", ""),
        ("W_V[:, of_y] = one", "W_V[:, of_y] = -one", "both signs"),
    ],
    "query_loss": [
        (".mean() / 2", ".mean()", "½ is missing"),
        (".mean() / 2", ".sum() / 2", "sum"),
    ],
    "sensitivity": [("answers.sum()", "-answers.sum()", "sign is turned")],
    "alignment": [
        ("gap.square().mean().sqrt()", "gap.square().mean()", "root"),
        ("gap.square().mean().sqrt()", "gap.abs().mean()", "absolute"),
    ],
    "read_off": [
        ("-n_context *", "-", "N is missing"),
        ("-n_context", "n_context", "sign is turned"),
        (".mean()", ".sum()", "sum of the diagonal"),
        ("[:dim_x].mean()", ".mean()", "x-part alone"),
    ],
}
#: the same, where the numbers are not those of the header.
OTHER_SLIPS = {
    "loss": [("{{ factor }} /", "1 /", "factor 3 in front")],
    "gradient": [("{{ factor }} /", "1 /", "factor 3 of the loss")],
    "descend": [
        ("{{ factor }} /", "1 /", "factor 3 of the loss"),
        ("{{ start }}, dtype", "0, dtype", "all entries are 0.5"),
    ],
    "ridge": [
        ("{{ factor }} * x", "x", "factor 3 of the loss"),
        ("* {{ start }}", "* 0", "whose entries are 0.5"),
    ],
    "steps_needed": [("{{ factor }} * x", "x", "factor 3 is missing in the Hessian")],
    "softmax": [
        ("1], {{ sink }})", "1], 0)", "1 has to be added"),
        ("{{ sink }}).log()", "{{ sink }}).log() + scores.amax(-1, True)", "shrinks with"),
    ],
    "attention": [
        ("** {{ power }}", "** 0.5", "by √d; it is d.0.25"),
        ("softmax(", "torch.softmax(dim=-1, input=", "1 in the sum"),
    ],
    "causal_heads": [("softmax(", "torch.softmax(dim=-1, input=", "1 in the sum")],
    "kernel_head": [("W_Q[dim_x + 1, dim_x] = -0.5", "", "‖x_q‖² is missing")],
    "weighted_step": [("{{ base }} + s", "s", "counts 1 . s, not s alone")],
    "weighted_layer": [("= {{ base }} *", "= 0 *", "keys have to read x as well")],
    "velocities": [
        ("{{ ahead }} * beta", "0 * beta", "at W . 0.5 β V, not at W"),
        ("{{ ahead }} * beta", "{{ ahead }}", "β is missing"),
        ("{{ ahead }} * beta", "beta", "0.5 is missing"),
    ],
    "momentum_layer": [
        ("{{ ahead }} * beta", "0 * beta", "read the velocity too"),
        ("{{ ahead }} * beta", "{{ ahead }}", "β is missing"),
        ("-{{ ahead }} * beta", "{{ ahead }} * beta", "with the wrong sign"),
    ],
    "alignment": [("range({{ loops }})", "range(1)", "takes 2 steps")],
    "query_loss": [("range({{ loops }})", "range(1)", "2 times")],
    "sensitivity": [("predict(layer", "once(layer", "2 times")],
}
