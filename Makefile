# Each target does its own set-up in .venv (.ci/venv) and touches nothing else.
.PHONY: help lab test browser tidy assignments bench

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

lab: ## open the course in JupyterLab (PORT=8899 BROWSER=none IP=0.0.0.0 for a server without a screen)
	@.ci/venv lab
	.venv/bin/python -m jupyterlab notebooks --LabApp.default_url=/lab/tree/00_start_here.ipynb \
		$(if $(PORT),--port=$(PORT)) $(if $(IP),--ip=$(IP)) \
		$(if $(filter none,$(BROWSER)),--no-browser) $(if $(filter 0,$(shell id -u)),--allow-root)

# One more than a container's limit allows CPUs, as almost half of the tests' time is waiting; not more than four, as
# notebooks start processes of their own.
# (Not reordered, or files with few tests would come last, among them some of the longest, such as the browser's.)
WORKERS = "import kitchen_helpers as kh; print(min(4, kh.machine_card().cpus_usable + 1))"

test: ## lint, check the types, run every test and every notebook
	@.ci/venv test
	.venv/bin/python -m ruff check
	.venv/bin/python -m mypy
	.venv/bin/python -m pytest -n $$(.venv/bin/python -c $(WORKERS)) --dist loadfile --no-loadscope-reorder --durations 10

browser: ## open every notebook in JupyterLab in Chromium, and run it as a reader does (make test: two of them)
	@.ci/venv test
	.venv/bin/python -m pytest tests/test_browser.py -m "" --durations 0 --timeout 900 -o faulthandler_timeout=920

tidy: ## bring every notebook into the form in which it is committed
	@.ci/venv test
	.venv/bin/python tests/tidy_notebooks.py

assignments: ## make the students' notebooks of the coursework from those with solutions
	@.ci/venv test
	.venv/bin/python tests/release_assignments.py

bench: ## print what our engines, explorer and grader cost beside others, as ratios
	@.ci/venv test,bench
	@for file in $(sort $(wildcard tests/benchmarks/*.py)); do .venv/bin/python $$file || exit 1; done
