# Everything works with Go, git and make alone; a Terraform or OpenTofu on PATH is used when there is one.

SHELL = /bin/sh
.DEFAULT_GOAL = help
.DELETE_ON_ERROR:

VERSION = dev
# Extra arguments for go test: make test TESTFLAGS='-run TestImport ./internal/provider/...'
TESTFLAGS =
PACKAGES = ./...

# The race detector needs a C compiler; Go switches cgo off by itself where there is none.
RACE = $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

# Terraform asks a server for newer versions of itself, and may have a configuration of its own: neither belongs into
# a test. Inside a test its plugins are reattached, so no provider is looked up anywhere.
export CHECKPOINT_DISABLE = 1
export TF_CLI_CONFIG_FILE = /dev/null

.PHONY: help
help: ## What there is
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## The provider, as bin/terraform-provider-tenure
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/terraform-provider-tenure .

.PHONY: test
test: ## All tests, with a real Terraform or OpenTofu (built from source, four minutes, where there is none)
	@terraform=$$(tools/terraform.sh) || exit 1; \
	export TF_ACC_TERRAFORM_PATH="$$terraform"; \
	echo "Testing with $$("$$terraform" version | head -n 1) ($$terraform)$(if $(RACE),, without the race detector: it needs a C compiler)." >&2; \
	go test $(RACE) -shuffle=on -timeout 30m $(TESTFLAGS) $(PACKAGES)

.PHONY: demo
demo: build ## A company of sixty people, provisioned by a plan: a joiner, a mover, a leaver and tampering (under a minute)
	@terraform=$$(tools/terraform.sh) && go run ./tools/demo -terraform "$$terraform" -provider bin/terraform-provider-tenure

# BENCHFLAGS='-quick' is a few minutes with 1,000 people; all sizes take the better part of an hour on two cores.
BENCHFLAGS =

.PHONY: bench
bench: build ## The figures of the performance guide, measured against terraform_data in the same run (long)
	@mkdir -p bin/bench/provider && cp bin/terraform-provider-tenure bin/bench/provider/
	@terraform=$$(tools/terraform.sh) && go run ./tools/bench -terraform "$$terraform" $(BENCHFLAGS)
	@cat tools/bench/guide.md tools/bench/results.md > templates/guides/performance.md
	@echo "templates/guides/performance.md has the table; make docs puts it into docs/guides."

.PHONY: lint
lint: bin/golangci-lint bin/actionlint ## Static checks, the layer rules among them (the first run builds the linter, about a minute)
	bin/golangci-lint run -c tools/golangci.yml ./...
	@# Without shellcheck, which is on some machines only: the result is to be the same on all.
	bin/actionlint -shellcheck= -pyflakes= .github/workflows/*.yml examples/pipelines/github/*.yml
	@terraform=$$(tools/terraform.sh) && "$$terraform" fmt -check -diff -recursive examples

.PHONY: fmt
fmt: bin/gofumpt ## Format Go and HCL
	bin/gofumpt -w -modpath github.com/tenure-access/terraform-provider-tenure main.go internal tools
	@terraform=$$(tools/terraform.sh) && "$$terraform" fmt -recursive examples

# The schema comes from the provider itself and not from a Terraform binary, whose versions leave out what they do not know.
.PHONY: docs
docs: bin/tfplugindocs ## Regenerate docs/ from the schema, templates/ and examples/
	@echo "Generating docs/ from the schema, templates/ and examples/." >&2
	@go run ./tools/schema > bin/schema.json
	@go run ./tools/apptable templates/guides/apps.md
	@go run ./tools/rostertable templates/guides/rosters.md
	@bin/tfplugindocs generate --provider-name tenure --rendered-provider-name Tenure --providers-schema bin/schema.json \
		> bin/tfplugindocs.log 2>&1 || { cat bin/tfplugindocs.log; exit 1; }

.PHONY: docs-check
docs-check: docs ## Fail when docs/ (or the table in templates/) is not what `make docs` makes
	@changed=$$(git status --porcelain -- docs templates) && \
	if [ -n "$$changed" ]; then \
		printf '%s\n' "$$changed"; git --no-pager diff -- docs templates; \
		echo "docs/ is not up to date: run make docs and commit what it changes."; \
		exit 1; \
	fi

.PHONY: screenshots
screenshots: ## The pictures in README and guides, taken with a real browser (Debian: apt-get install chromium)
	go run ./tools/screenshots

.PHONY: clean
clean: ## Remove what was built here (an OpenTofu built earlier stays in the user's cache directory)
	rm -rf bin dist

# Each tool has a module of its own below tools/, so that none reaches go.mod.
bin/golangci-lint: tools/lint/go.mod tools/lint/go.sum
	@echo "Building golangci-lint: about a minute the first time." >&2
	go build -C tools/lint -o $(CURDIR)/$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

bin/gofumpt: tools/lint/go.mod tools/lint/go.sum
	go build -C tools/lint -o $(CURDIR)/$@ mvdan.cc/gofumpt

bin/actionlint: tools/actionlint/go.mod tools/actionlint/go.sum
	go build -C tools/actionlint -o $(CURDIR)/$@ github.com/rhysd/actionlint/cmd/actionlint

bin/tfplugindocs: tools/docs/go.mod tools/docs/go.sum
	@echo "Building tfplugindocs: some seconds the first time." >&2
	go build -C tools/docs -o $(CURDIR)/$@ github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs

bin/gotestsum: tools/gotestsum/go.mod tools/gotestsum/go.sum
	go build -C tools/gotestsum -o $(CURDIR)/$@ gotest.tools/gotestsum
