# The five commands that people need; in a virtual environment with requirements-dev.txt.

.PHONY: check fast test slow run

check:  ## style, types, and the site
	ruff check . && ruff format --check . && mypy && mkdocs build --strict

fast:  ## something of most rooms, in a minute or so
	pytest -m fast

test:  ## what must pass
	pytest

slow:  ## what takes too long for that
	pytest -m slow

run:  ## the comparison on the images that ship
	python run_all.py
