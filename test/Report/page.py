"""The report: --report and --report-json.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import json
import os
import re

import cdp
import models
import plan
import support

# A folder for pictures; empty: none are kept.
screenshots = ""


def report(directory, *flags, **options):
    plan.prepare(directory, **options)
    plan.compile(directory, "--pass-pipeline=llm-int8", plan.CALIB, plan.ISA, "--report=r.html",
                 "--report-json=r.json", "-o", "a.so", *flags)
    with open(os.path.join(directory, "r.html"), encoding="utf-8") as file:
        return file.read(), plan.read(directory, "r.json")


def has_the_numbers(directory):
    text, data = report(directory)
    assert data["qopt_report"] == 1 and data["pipeline"] == "llm-int8"
    assert data["library"]["bytes"] == os.path.getsize(os.path.join(directory, "a.so"))
    assert data["calibration"] == {"samples": 6, "tokens": 144, "masked": 0, "nonfinite_samples": 0}
    assert data["summary"]["quantized"] == 6 and data["summary"]["kept"] == 3
    fc1 = plan.layer(data, "/model/layers.0/mlp/fc1/MatMul")
    assert fc1["outliers"] == [3, 40] and fc1["tokens"] == 144
    quality = fc1["quality"]
    assert 30 < quality["weight_sqnr_db"] < 60 and 30 < quality["activation_sqnr_db"] < 60, quality
    # The outlier columns carry most of the output, and they are not rounded to 8 bits.
    assert 50 < quality["output_sqnr_db"] < 80 and 0.999 < quality["output_cosine"] <= 1, quality
    assert quality["output_max_error"] < 0.1 * quality["output_max"]
    assert sum(fc1["activation_histogram"]["counts"]) == 144 * models.WIDTH
    assert sum(fc1["weight_histogram"]["counts"]) == models.WIDTH * models.INNER
    assert "quality" not in plan.layer(data, "/lm_head/MatMul")
    for word in ("/model/layers.2/mlp/fc2/MatMul", "last projection", "6 samples", "Error against size"):
        assert word in text, word


def splitting_shows_in_the_error(directory):
    name = "/model/layers.0/mlp/fc1/MatMul"
    split = plan.layer(report(directory)[1], name)["quality"]["activation_sqnr_db"]
    plan.compile(directory, "--pass-pipeline=w8a8", plan.CALIB, "--dry-run", "--report-json=r.json")
    plain = plan.layer(plan.read(directory, "r.json"), name)["quality"]["activation_sqnr_db"]
    assert "library" not in plan.read(directory, "r.json")
    assert split > 30 and plain > 30 and split != plain, (split, plain)


def says_what_is_known_without_data(directory):
    plan.prepare(directory)
    plan.compile(directory, "--pass-pipeline=w8a8", "--dry-run", "--report=r.html", "--report-json=r.json")
    data = plan.read(directory, "r.json")
    quality = plan.layer(data, "/model/layers.0/mlp/fc1/MatMul")["quality"]
    assert quality["weight_sqnr_db"] > 30 and "output_sqnr_db" not in quality
    assert any("No calibration data" in warning for warning in data["warnings"])


def shows_the_loss_on_evaluation_data(directory):
    """No language model: its output in float and quantized."""
    text, data = report(directory, "--eval-data=calib.npz")
    found = data["evaluation"]
    assert (found["data"], found["held_out"], found["samples"]) == ("calib.npz", False, 6), found
    assert 0.99 < found["output_cosine"] < 1 and 20 < found["output_sqnr_db"] < 80, found
    assert f"<b>{found['output_cosine']:.5f}</b>" in text and "evaluated on 6 samples of calib.npz" in text
    text, data = report(directory)
    assert "evaluation" not in data and "evaluated on" not in text


def overlays_the_graph(directory):
    """--node-data: what Model Explorer's node data builder writes for a graph, with the
    numbers of the report."""
    _, data = report(directory, "--node-data=n.json")
    nodes = plan.read(directory, "n.json")
    assert set(nodes) == {"results", "thresholds"}
    quantized = {e["name"]: e for e in data["layers"] if e["scheme"] != "float"}
    assert set(nodes["results"]) == set(quantized) and len(quantized) == 6
    for name, entry in nodes["results"].items():
        assert abs(entry["value"] - quantized[name]["quality"]["output_sqnr_db"]) < 0.006, name
        assert entry["scheme"] == quantized[name]["scheme"]
    values = [threshold["value"] for threshold in nodes["thresholds"]]
    assert values == sorted(values) and values[-1] > max(e["value"] for e in nodes["results"].values())
    assert all(re.fullmatch("#[0-9a-f]{6}", threshold["bgColor"]) for threshold in nodes["thresholds"])
    # Without data the weights' own error; any name is a key.
    plan.prepare(directory, names=models.HOSTILE)
    plan.compile(directory, "--pass-pipeline=w8a8", "--dry-run", "--node-data=n.json", "--report-json=r.json")
    data, nodes = plan.read(directory, "r.json"), plan.read(directory, "n.json")
    assert nodes["results"] and set(nodes["results"]) <= set(models.HOSTILE) | {e["name"] for e in data["layers"]}
    for name, entry in nodes["results"].items():
        assert abs(entry["value"] - plan.layer(data, name)["quality"]["weight_sqnr_db"]) < 0.006, name


def is_the_same_every_time(directory):
    first = report(directory)
    assert report(directory) == first


def holds_no_markup_of_names(directory):
    """N01: what a browser would obey is text, and nothing is fetched from anywhere."""
    text, data = report(directory, names=models.HOSTILE)
    assert [e["name"] for e in data["layers"]][: len(models.HOSTILE)] == models.HOSTILE
    assert text.count("<script") == 1 and "<img" not in text and "onload=" not in text.replace("svg onload=", "")
    assert not re.search(r"(src|href)=|url\(|@import|https?:", text.replace("img src=x", "")), "something is fetched"
    assert "\u202e" not in text
    assert not os.path.exists(os.path.join(directory, "x"))


def browser(directory):
    if not cdp.find():
        raise support.Skip("no chromium (Debian package chromium)")
    return cdp.Browser(os.path.join(directory, "profile"))


NAMES = "[...document.querySelectorAll('#layers tr.row')].map(r => r.cells[0].textContent)"


def works_in_a_browser(directory):
    report(directory)
    page = browser(directory)
    try:
        path = os.path.join(directory, "r.html")
        page.open(path)
        assert page.requests == ["file://" + path], page.requests
        errors = page.evaluate("[...document.querySelectorAll('#layers tr.row')].map(r => r.cells[7].dataset.key)")
        numbers = [float(e) for e in errors if e]
        assert len(numbers) == 6 and numbers == sorted(numbers) and errors[6:] == ["", "", ""], errors
        head = "document.querySelectorAll('#layers th button')"
        page.evaluate(head + "[0].click()")
        order = page.evaluate(NAMES)
        assert len(order) == 9 and order[0] == "/model/layers.0/mlp/fc1/MatMul", order
        page.evaluate(head + "[0].click()")
        assert page.evaluate(NAMES) == order[::-1]
        page.evaluate(head + "[7].click()")
        page.evaluate("document.querySelectorAll('#layers tr.row')[0].click()")
        assert page.evaluate("document.querySelectorAll('tr.detail:not([hidden]) svg').length") == 3
        assert page.evaluate("document.querySelector('tr.detail:not([hidden])').offsetHeight") > 100
        page.evaluate("var f = document.getElementById('filter'); f.value = 'fc2';"
                      "f.dispatchEvent(new Event('input'))")
        assert page.evaluate("[...document.querySelectorAll('#layers tbody')].filter(b => !b.hidden).length") == 3
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        colours = []
        for scheme in ("light", "dark"):
            page.open(path, scheme=scheme)
            page.evaluate("document.querySelectorAll('#layers tr.row')[0].click()")
            colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            if screenshots:
                page.screenshot(os.path.join(screenshots, scheme + ".png"), whole=True)
        assert colours[0] != colours[1], colours
        assert not page.complaints, page.complaints
    finally:
        page.close()


def runs_no_hostile_name(directory):
    report(directory, names=models.HOSTILE)
    page = browser(directory)
    try:
        path = os.path.join(directory, "r.html")
        page.open(path)
        assert page.evaluate("document.title").endswith("- qopt report"), "a name ran"
        assert page.evaluate("document.scripts.length") == 1
        assert page.evaluate("document.querySelectorAll('img, svg:not([role=img])').length") == 0
        assert page.evaluate(NAMES + ".includes(" + json.dumps(models.HOSTILE[0]) + ")") is False
        shown = page.evaluate(NAMES)
        assert any(name.startswith("<script>document.title=") for name in shown), shown
        # The policy of the page stops what escaping might have missed.
        page.evaluate("var s = document.createElement('script'); s.textContent = \"document.title='run'\";"
                      "document.body.appendChild(s)")
        assert page.evaluate("document.title") != "run", "a script that was put in ran"
        assert page.requests == ["file://" + path], page.requests
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "a name widens the page"
    finally:
        page.close()


TESTS = [has_the_numbers, splitting_shows_in_the_error, says_what_is_known_without_data,
         shows_the_loss_on_evaluation_data, overlays_the_graph, is_the_same_every_time,
         holds_no_markup_of_names, works_in_a_browser, runs_no_hostile_name]
