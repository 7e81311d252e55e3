# Everything here also works without make: the commands are the README's.
PYTHON = .venv/bin/python

.venv/done: pyproject.toml
	python3 -m venv .venv
	.venv/bin/pip install -q -e '.[dev]'
	touch $@

chat: .venv/done
	.venv/bin/chatrepl

test: .venv/done
	$(PYTHON) -m pytest

lowest: .venv/done  # the tests on the lowest versions that pyproject.toml allows
	$(PYTHON) -m tests.lowest

check: .venv/done
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

fix: .venv/done
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

docs: .venv/done  # what is derived from the code
	$(PYTHON) -m tests.derive && $(PYTHON) -m tests.pictures

.PHONY: chat test lowest check fix docs
