# A thin front for meson: the build itself is described in meson.build.
BUILD = build
MESON_ARGS =

.PHONY: all sysgrok deps demo check bench fuzz lint install uninstall clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || { echo "meson is missing: 'make deps' installs what the build needs"; exit 1; }
	@mkdir -p $(BUILD)
	@echo "meson setup $(BUILD) $(MESON_ARGS)"
	@meson setup $(BUILD) $(MESON_ARGS) >$(BUILD)/setup.log 2>&1 || { cat $(BUILD)/setup.log; exit 1; }

# The program alone, without tests.
sysgrok: $(BUILD)/build.ninja
	@echo "ninja -C $(BUILD) sysgrok"
	@ninja -C $(BUILD) --quiet sysgrok

# Debian packages that the build needs; does nothing when all is there.
deps:
	@tools/install-deps build

demo: deps
	@$(MAKE) --no-print-directory sysgrok
	@tools/demo

check:
	@tools/check

bench:
	@tools/install-deps build test bench
	@$(MAKE) --no-print-directory sysgrok
	@bench/run

fuzz:
	@tools/install-deps build lint
	@tools/fuzz-all

lint:
	@tools/install-deps build test lint
	@tools/lint

install: all
	DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild

# What the last install from this folder put there.
uninstall:
	ninja -C $(BUILD) uninstall

clean:
	rm -rf $(BUILD) build-*
