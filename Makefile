PYTHON ?= python3
VENV = .venv/bin/python

.PHONY: help book chapter serve pdf slides previews test long hostile lint format bench experiments claims proof release lock links clean environment

help:  ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

environment:
	@$(PYTHON) tools/bootstrap.py

book: environment  ## Build the site into _build/html (installs what it needs into .venv first)
	@$(VENV) tools/build.py

chapter: environment  ## Execute and build one page again: make chapter NAME=06
	@$(VENV) tools/build.py --chapter "$(NAME)"

serve:  ## Show the built site at http://127.0.0.1:8000
	@$(PYTHON) tools/serve.py

pdf: environment  ## Print the built site as one PDF into _build/pdf
	@$(VENV) tools/pdf.py

slides: environment  ## Slides of the key figures with notes: make slides CHAPTERS="3 6" NOTES=1
	@$(VENV) tools/slides.py $(if $(CHAPTERS),--chapters $(CHAPTERS)) $(if $(NOTES),--notes)

previews: environment  ## Draw the pictures that links to the chapters show
	@$(VENV) tools/previews.py

lint: environment  ## Check the form of all code, and spelling
	@$(VENV) tools/lint.py
	@$(VENV) -m codespell_lib

format: environment  ## Lay out Python, the cells of the chapters, and scripts
	@$(VENV) tools/lint.py --fix

test: book lint  ## Build, lint, and run the tests
	@$(VENV) tools/browser.py
	@$(VENV) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not long"

long: book  ## The tests that take long: JupyterLab, builds that are stopped, hostile submissions
	@$(VENV) tools/browser.py
	@$(VENV) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m long
	@$(MAKE) --no-print-directory hostile

hostile: environment  ## Try every hostile submission on the grader again, alone on the machine
	@HOSTILE=1 $(VENV) -m pytest tests/test_course_hostile.py

bench: book  ## Measure what speed we claim
	@$(VENV) benchmarks/run.py

experiments: environment  ## Retrain the stored results (35 to 40 minutes on 2 cores): DEVICE=cuda with a GPU
	@$(VENV) -m icllib run all --jobs 2 --device $(or $(DEVICE),cpu)

claims: environment  ## Measure every claim on the stored results
	@$(VENV) -m icllib claims

proof:  ## Have Coq check the proofs of chapters 6 and 7 (needs it installed: proof/README.md)
	@$(PYTHON) tools/prove.py

links:  ## Try every link of the built site that leads to another host
	@$(PYTHON) tools/links.py

lock:  ## Write requirements.lock anew from the requirements
	@$(PYTHON) tools/lock.py

release: environment  ## Put together what is published of this version, from a clean checkout and its site
	@$(VENV) tools/release.py

clean:  ## Remove the site, the caches and .venv
	rm -rf _build .venv .pytest_cache .ruff_cache .hypothesis icllib.egg-info
