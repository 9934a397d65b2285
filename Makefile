.PHONY: install test scalar lint figures guide docs ci full clean

install: ## an environment in .venv with all development tools
	python3 -m venv .venv
	.venv/bin/pip install -e '.[dev]'

test: ## the tests, compiled
	.venv/bin/pytest

scalar: ## the tests in plain Python, with line coverage
	NUMBA_DISABLE_JIT=1 .venv/bin/pytest --cov

lint: ## lint, format and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

figures: ## the figures and plots of README.md, docs/performance.md, reproduce.md and sklearn.md, from kept results
	.venv/bin/python -m numba_dropout_bench.write_readme
	.venv/bin/python -m numba_dropout_bench.reproduced

guide: export PATH := $(CURDIR)/.venv/bin:$(PATH)
guide: ## docs/first-steps.ipynb, run again, and the page made from it
	rm -rf build/guide && mkdir -p build/guide && cp docs/first-steps.ipynb build/guide
	cd build/guide && jupyter nbconvert --to notebook --execute --ExecutePreprocessor.record_timing=False --inplace first-steps.ipynb
	jupyter nbconvert --coalesce-streams build/guide/first-steps.ipynb && cp build/guide/first-steps.ipynb docs
	jupyter nbconvert --to markdown --output-dir docs --NbConvertApp.output_files_dir=images docs/first-steps.ipynb
	sed -i -e 's/!\[png\]/![Training and validation loss by epoch, with and without dropout]/' -e '/^%%bash$$/d' docs/first-steps.md

docs: ## the documentation site, in build/site
	.venv/bin/pip install -e '.[docs]'
	.venv/bin/mkdocs build

ci: ## all checks that a change must pass, in a fresh clone
	.ci/run

full: ## the same, and the long test matrices
	.ci/run full

clean: ## compiled kernels, caches and builds
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	-.venv/bin/python -c "import shutil; from numba_dropout.core.disk_cache import FOLDER; shutil.rmtree(FOLDER.parent)"
	rm -rf build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache
