#!/usr/bin/env python3
"""Drives flame graphs in a headless Chromium: flamegraph_browser.py SYSGROK

Zoom, search, the address and the way without scripts are looked at in the DOM, where they end.
Ends with 77 where there is no Chromium.
"""

import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from browser import Browser, find_browser  # noqa: E402

SKIP = 77
HOSTILE = "<img src=x onerror=document.title=1>&\"'"
FOLDED = """prog;main;parse;lex 600
prog;main;parse;lex;std::sort<int*>(int*, int*) 200
prog;main;emit;write_buffer 180
prog;main;emit;narrow_one 1
prog;main;%s 19
""" % HOSTILE

# Where a cell lies, by the beginning of its name as written; null when it is not drawn.
FIND = """(name => { for (const cell of document.querySelectorAll('.cells g')) {
	const text = cell.querySelector('text');
	if (!text || !text.textContent.startsWith(name)) continue;
	const box = cell.querySelector('rect').getBoundingClientRect();
	return {x: box.x, y: box.y, width: box.width, height: box.height,
		match: cell.classList.contains('match')}; } return null; })(%r)"""


def flamegraph(folded, *options):
    path = pathlib.Path(work.name) / ("%d.svg" % len(list(pathlib.Path(work.name).iterdir())))
    subprocess.run([program, "flamegraph", "-o", path, *options, "-"], input=folded, text=True,
                   check=True, stdout=subprocess.DEVNULL)
    return path


class FlameGraph(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.path = flamegraph(FOLDED)
        cls.browser = Browser(1000, 700)
        cls.page = cls.browser.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()

    def setUp(self):
        self.page.open("/dev/null")
        self.page.open(self.path)

    def tearDown(self):
        self.assertEqual(self.page.errors, [])

    def cell(self, name):
        return self.page.ask(FIND % name)

    def click(self, name):
        box = self.cell(name)
        self.page.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def text(self, selector):
        return self.page.ask("document.querySelector(%r).textContent" % selector)

    def address(self):
        return self.page.ask("location.hash")

    def search(self, text):
        self.page.key("f", 70, ctrl=True)
        self.page.write(text)

    def test_widths_are_shares(self):
        whole = self.cell("all")["width"]
        self.assertAlmostEqual(self.cell("parse")["width"] / whole, 0.8, delta=0.005)
        self.assertAlmostEqual(self.cell("emit")["width"] / whole, 0.181, delta=0.005)
        self.assertGreater(self.cell("all")["y"], self.cell("main")["y"])

    def test_a_click_zooms_and_escape_resets(self):
        whole = self.cell("all")["width"]
        self.assertIsNone(self.cell("narrow"))
        self.click("emit")
        self.assertAlmostEqual(self.cell("emit")["width"], whole, delta=1)
        self.assertAlmostEqual(self.cell("main")["width"], whole, delta=1)
        self.assertIsNone(self.cell("parse"))
        self.assertRegex(self.text(".crumbs"), r"^Reset zoom.*prog › main › emit.*18\.1% of all$")
        self.page.key("Escape", 27)
        self.assertIsNotNone(self.cell("parse"))
        self.assertEqual(self.address(), "")

    def test_a_zoom_shows_what_was_too_narrow(self):
        deep = "prog;main;wide 1000000\nprog;main;rare;inner 10\nprog;main;rare;other 30\n"
        self.page.open(flamegraph(deep))
        self.assertEqual(self.page.ask("document.querySelectorAll('.cells g').length"), 4)
        self.page.open(self.page.ask("location.pathname"), "#zoom=3")
        self.assertAlmostEqual(self.cell("inner")["width"] / self.cell("all")["width"], 0.25,
                               delta=0.005)

    def test_the_breadcrumbs_lead_back(self):
        self.click("lex")
        self.assertIsNone(self.cell("emit"))
        self.page.ask("[...document.querySelectorAll('.crumbs button')]"
                      ".find(b => b.textContent === 'main').click()")
        self.assertIsNotNone(self.cell("emit"))
        self.page.ask("document.querySelector('.crumbs .reset').click()")
        self.assertNotIn("Reset", self.text(".crumbs"))

    def test_the_back_button_undoes_a_zoom(self):
        self.click("emit")
        self.page.ask("history.back()")
        end = time.monotonic() + 10
        while self.cell("parse") is None and time.monotonic() < end:
            time.sleep(0.02)
        self.assertIsNotNone(self.cell("parse"))

    def test_a_search_marks_and_adds_up(self):
        self.search("^(lex|std::sort|write)")
        # The sort lies below lex: it counts once. 600 + 200 + 180 of 1000.
        self.assertEqual(self.text(".matched"), "Matched: 98.0%")
        self.assertTrue(self.cell("lex")["match"])
        self.assertTrue(self.cell("std::sort")["match"])
        self.assertFalse(self.cell("main")["match"])
        self.click("emit")
        self.assertEqual(self.text(".matched"), "Matched: 98.0%, 99.4% of this view")
        self.page.key("Escape", 27)
        self.assertEqual(self.text(".matched"), "")
        self.assertFalse(self.cell("emit")["match"])

    def test_small_letters_search_both_cases(self):
        self.search("LEX")
        self.assertEqual(self.text(".matched"), "Matched: 0%")
        self.page.key("Escape", 27)
        self.search("narrow_ONE".lower())
        self.assertEqual(self.text(".matched"), "Matched: 0.10%")

    def test_a_broken_expression_is_said(self):
        self.search("(")
        self.assertEqual(self.text(".matched"), "not a regular expression")
        self.assertIsNotNone(self.cell("lex"))

    def test_slash_searches_too(self):
        self.page.key("/", 191, text="/")
        self.page.write("lex")
        self.assertEqual(self.page.ask("document.querySelector('input').value"), "lex")
        self.assertEqual(self.text(".matched"), "Matched: 80.0%")

    def test_the_address_keeps_zoom_and_search(self):
        self.click("parse")
        self.search("sort|a&b")
        fragment = self.address()
        self.page.open("/dev/null")
        self.page.open(self.path, fragment)
        self.assertIn("parse", self.text(".crumbs"))
        self.assertEqual(self.text(".matched"), "Matched: 20.0%, 25.0% of this view")
        self.assertEqual(self.page.ask("document.querySelector('input').value"), "sort|a&b")

    def test_a_foreign_address_does_no_harm(self):
        self.page.open("/dev/null")
        self.page.open(self.path, "#zoom=99999&search=%28&down=x&<b>")
        self.assertIsNotNone(self.cell("main"))

    def test_the_graph_can_be_turned_over(self):
        self.page.key("i", 73, text="i")
        self.assertLess(self.cell("all")["y"], self.cell("main")["y"])
        self.assertEqual(self.address(), "#down=1")

    def test_an_inverted_graph_opens_inverted(self):
        self.page.open(flamegraph(FOLDED, "--inverted"))
        self.assertLess(self.cell("all")["y"], self.cell("main")["y"])

    def test_details_are_shown_under_the_mouse(self):
        box = self.cell("lex")
        self.page.move(box["x"] + 30, box["y"] + 5)
        self.assertEqual(self.page.ask(
            "getComputedStyle(document.querySelector('.tip')).visibility"), "visible")
        self.assertRegex(self.text(".tip"), r"^lex.*total80\.0%800 samplesself60\.0%600 samples$")

    def test_names_are_shown_as_they_are(self):
        self.search("onerror")
        self.assertEqual(self.text(".matched"), "Matched: 1.90%")
        self.assertIsNone(self.page.ask("document.querySelector('img')"))
        self.assertEqual(self.page.ask("document.title"), "Flame graph of prog")

    def test_the_picture_stands_without_scripts(self):
        self.page.call("Emulation.setScriptExecutionDisabled", value=True)
        try:
            self.page.open("/dev/null")
            self.page.open(self.path)
            self.assertIsNone(self.page.ask("document.querySelector('.app')"))
            self.assertGreater(self.cell("parse")["width"], 500)
            self.assertIn("lex: 80.00%, 800 samples", self.page.ask(
                "[...document.querySelectorAll('title')].map(t => t.textContent).join('|')"))
        finally:
            self.page.call("Emulation.setScriptExecutionDisabled", value=False)

    def test_a_large_graph_stays_small_in_the_browser(self):
        lines = ["prog;main;a%d;b%d;c%d;d%d %d" % (i % 7, i % 91, i % 1009, i, 1 + i % 5)
                 for i in range(40000)]
        path = flamegraph("\n".join(lines) + "\n")
        self.assertLess(path.stat().st_size, 4000000)
        begun = time.monotonic()
        self.page.open(path)
        self.assertLess(self.page.ask("document.querySelectorAll('.cells g').length"), 8000)
        self.search("^d12345$")
        self.assertEqual(self.text(".matched"), "Matched: <0.01%")
        print("large graph: opened and searched in %.1f s" % (time.monotonic() - begun))


if __name__ == "__main__":
    if not find_browser():
        print("no chromium here: the flame graph's page is not looked at")
        sys.exit(SKIP)
    program = sys.argv.pop(1)
    with tempfile.TemporaryDirectory() as directory:
        work = tempfile.TemporaryDirectory(dir=directory)
        unittest.main(verbosity=2)
