//===- PageStyle.cpp - style and script of the page -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The script touches elements by class and never makes markup out of text. The
// page reads the same without it, with all rows open.
//===----------------------------------------------------------------------===//

#include "Page.h"

namespace mlir::qopt {

llvm::StringRef pageStyle() {
  return R"css(
:root { color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #1b2430; --quiet: #667085;
  --line: #e3e7ed; --hover: #f0f4fa; --accent: #2f6fde; --soft: #d8e4fb;
  --hot: #d64545; --good: #23875a; --warn: #b7791f; --warn-soft: #fdf4e0;
  --t0: #2f6fde; --t1: #16a37f; --t2: #8b5cf6; --t3: #e08a2c; --t4: #d6569b;
  --t5: #4aa8d8; --tf: #98a2b3; --to: #d5dae2; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #12161c; --card: #1a2028; --ink: #e6eaf0; --quiet: #93a0b2;
  --line: #2b3440; --hover: #212934; --accent: #6ea2ff; --soft: #24395f;
  --hot: #ff7b72; --good: #56c596; --warn: #e3b341; --warn-soft: #33290f;
  --t0: #6ea2ff; --t1: #3cc7a0; --t2: #a98bff; --t3: #f0a95c; --t4: #ec85bd;
  --t5: #74c3ec; --tf: #768294; --to: #3a4452; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Cantarell,
    "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 28px 24px 64px; }
header { margin-bottom: 20px; }
h1 { font-size: 24px; line-height: 1.25; margin: 0; font-weight: 650;
  letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 0 0 12px; font-weight: 620; }
h3 { font-size: 12px; margin: 0 0 4px; font-weight: 600; color: var(--quiet); }
.quiet { color: var(--quiet); }
.badge { display: inline-block; padding: 1px 9px; border-radius: 99px;
  background: var(--soft); color: var(--accent); font-weight: 600;
  font-size: 12px; overflow-wrap: anywhere; }
code, .mono { font: 12px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas,
  "DejaVu Sans Mono", monospace; }
.cards { display: grid; gap: 12px; margin-bottom: 16px;
  grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); }
/* More than one row: none of them with a card alone. */
@media (min-width: 1080px) { .cards.two { grid-template-columns:
  repeat(var(--half), 1fr); } }
.card, section { background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; }
.card { padding: 14px 16px; }
.card b { display: block; font-size: 17px; line-height: 1.5; font-weight: 650;
  letter-spacing: -.01em; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
.card span { color: var(--quiet); font-size: 12px; }
section { padding: 18px 20px; margin-bottom: 16px; }
section > p { margin: -6px 0 12px; color: var(--quiet); max-width: 84ch; }
.warnings { background: var(--warn-soft); border-color: transparent; }
.warnings h2 { color: var(--warn); }
.warnings ul { margin: 0; padding-left: 18px; overflow-wrap: anywhere; }
.share { display: flex; height: 14px; border-radius: 7px; overflow: hidden;
  gap: 2px; }
.share span { display: block; min-width: 2px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px;
  margin: 10px 0 0; padding: 0; font-size: 13px; }
.legend i { display: inline-block; width: 10px; height: 10px;
  border-radius: 3px; margin-right: 7px; }
.tone-0 { background: var(--t0); } .tone-1 { background: var(--t1); }
.tone-2 { background: var(--t2); } .tone-3 { background: var(--t3); }
.tone-4 { background: var(--t4); } .tone-5 { background: var(--t5); }
.tone-float { background: var(--tf); } .tone-other { background: var(--to); }
.plot { width: 100%; height: auto; display: block; }
.plot text { fill: var(--quiet); font-size: 10.5px; }
.wide { max-width: 960px; margin: 0 auto; } .wide text { font-size: 11.5px; }
.bar { fill: var(--accent); } .faint { opacity: .25; } .hot { fill: var(--hot); }
.axis { stroke: var(--quiet); stroke-width: 1; opacity: .6; }
.grid { stroke: var(--line); stroke-width: 1; }
.mark { stroke: var(--hot); stroke-width: 1; stroke-dasharray: 4 3; }
.curve { fill: none; stroke: var(--accent); stroke-width: 2;
  stroke-linejoin: round; }
.point { fill: var(--card); stroke: var(--accent); stroke-width: 1.6; }
.point:hover { fill: var(--accent); } .now { fill: var(--hot); stroke: var(--hot); }
.tools { display: flex; justify-content: space-between; align-items: baseline;
  gap: 16px; flex-wrap: wrap; }
input { font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--line); border-radius: 8px; padding: 5px 10px;
  width: 260px; max-width: 100%; }
.scroll { overflow-x: auto; margin: 0 -20px; padding: 0 20px; }
table { border-collapse: collapse; width: 100%; font-size: 13px;
  font-variant-numeric: tabular-nums; }
th { text-align: right; font-weight: 600; color: var(--quiet); font-size: 12px;
  padding: 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th button { all: unset; cursor: pointer; padding: 6px 8px; display: block;
  box-sizing: border-box; width: 100%; }
th button:hover, th[aria-sort] button { color: var(--ink); }
th[aria-sort=ascending] button::after { content: " \2191"; }
th[aria-sort=descending] button::after { content: " \2193"; }
button:focus-visible, input:focus-visible { outline: 2px solid var(--accent);
  outline-offset: 1px; border-radius: 6px; }
td { text-align: right; padding: 5px 8px; border-bottom: 1px solid var(--line);
  vertical-align: top; white-space: nowrap; }
th.left, td.left { text-align: left; }
td.name { min-width: 260px; max-width: 420px; white-space: normal;
  overflow-wrap: anywhere; }
tr.row { cursor: pointer; } tr.row:hover { background: var(--hover); }
td.name button { all: unset; cursor: pointer; display: inline; }
td.name button::before { content: "\25B8"; display: inline-block; width: 14px;
  color: var(--quiet); }
td.name button[aria-expanded=true]::before { content: "\25BE"; }
.meter { display: inline-block; width: 52px; height: 6px; border-radius: 3px;
  background: var(--line); margin-left: 8px; vertical-align: 1px;
  overflow: hidden; }
.meter i { display: block; height: 100%; background: var(--good); }
.meter.mid i { background: var(--warn); } .meter.low i { background: var(--hot); }
tr.detail td { text-align: left; white-space: normal; padding: 14px 22px 20px;
  background: var(--hover); }
.figures { display: grid; gap: 10px 28px; margin-top: 12px;
  grid-template-columns: repeat(auto-fit, minmax(270px, 1fr)); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px;
  margin: 0; } .facts dt { color: var(--quiet); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
footer { color: var(--quiet); font-size: 12px; overflow-wrap: anywhere; }
@media print { body { background: none; } tr.detail { display: none; } }
)css";
}

llvm::StringRef pageScript() {
  return R"js(
(function () {
  "use strict";
  var table = document.getElementById("layers");
  if (!table) return;
  var groups = Array.prototype.slice.call(table.tBodies);
  function open(group, wanted) {
    group.rows[1].hidden = !wanted;
    group.querySelector("button").setAttribute("aria-expanded", wanted);
  }
  groups.forEach(function (group) {
    open(group, false);
    group.rows[0].addEventListener("click", function () {
      open(group, group.rows[1].hidden);
    });
  });
  function sortBy(head, ascending) {
    var column = head.cellIndex;
    function key(group) { return group.rows[0].cells[column].dataset.key || ""; }
    var isText = head.dataset.kind === "text";
    groups.sort(function (a, b) {
      var x = key(a), y = key(b);
      if ((x === "") !== (y === "")) return x === "" ? 1 : -1;
      var order = isText ? x.localeCompare(y, undefined, { numeric: true })
                         : parseFloat(x) - parseFloat(y);
      return ascending ? order : -order;
    });
    groups.forEach(function (group) { table.appendChild(group); });
    Array.prototype.forEach.call(head.parentNode.cells, function (cell) {
      cell.removeAttribute("aria-sort");
    });
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  }
  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head) {
    head.firstChild.addEventListener("click", function () {
      sortBy(head, head.getAttribute("aria-sort") !== "ascending");
    });
  });
  var filter = document.getElementById("filter");
  filter.hidden = false;
  filter.addEventListener("input", function () {
    var wanted = filter.value.toLowerCase();
    groups.forEach(function (group) {
      var text = group.rows[0].textContent.toLowerCase();
      group.hidden = text.indexOf(wanted) < 0;
    });
  });
})();
)js";
}

} // namespace mlir::qopt
