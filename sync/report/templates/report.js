"use strict";
(function () {
  var PAGE = 20;
  var body = document.body;

  function words(text) { return text.toLowerCase().split(/\s+/).filter(Boolean); }
  function fits(text, asked) { return asked.every(function (word) { return text.indexOf(word) >= 0; }); }
  function filled(text, values) {
    return text.replace(/\{(\w+)\}/g, function (whole, name) { return name in values ? values[name] : whole; });
  }
  function spelt(number) { return number.toLocaleString(document.documentElement.lang); }

  function sortable(text) { return text.replace(/^(\d\d)\.(\d\d)\.(\d{4})$/, "$3-$2-$1"); }

  /* --- tables whose rows come as data: filters, search, order, a page at a time --- */

  function explorer(root) {
    var found = JSON.parse(root.querySelector("script").textContent);
    var rows = found.rows.map(function (row) {
      var cells = row.map(function (cell, at) { return found.coded.indexOf(at) >= 0 ? found.words[cell] : cell; });
      return { cells: cells, text: cells.join(" ").toLowerCase() };
    });
    rows.forEach(function (row, at) { row.link = found.links[at] || ""; });
    var form = root.querySelector("form");
    var box = form.querySelector("input");
    var picks = Array.prototype.slice.call(form.querySelectorAll("select"));
    var heads = Array.prototype.slice.call(root.querySelectorAll("thead button"));
    var names = heads.map(function (one) { return one.textContent; });
    var status = root.querySelector("[role=status]");
    var table = root.querySelector("tbody");
    var pages = root.querySelector(".pages span");
    var steps = Array.prototype.slice.call(root.querySelectorAll(".pages button"));
    var everywhere = [], shown = rows, page = 0, order = { column: -1, down: false };
    var compare = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;

    function options(pick) {
      var column = Number(pick.dataset.column), counts = new Map();
      rows.forEach(function (row) { counts.set(row.cells[column], (counts.get(row.cells[column]) || 0) + 1); });
      Array.from(counts.keys()).sort(compare).forEach(function (value) {
        if (value) { pick.add(new Option(value + " (" + spelt(counts.get(value)) + ")", value)); }
      });
    }

    function linked(text, link) {
      var inner = document.createElement("a");
      inner.href = link;
      inner.rel = "noreferrer";
      inner.target = "_blank";
      inner.textContent = text;
      return inner;
    }

    function cell(text, at, name, link) {
      var one = document.createElement(at ? "td" : "th");
      if (!at) { one.scope = "row"; }
      if (text && at) { one.dataset.label = names[at]; }
      if (name === "changes" && (at === 2 || at === 3)) {
        var inner = document.createElement(at === 2 ? "del" : "ins");
        inner.textContent = text;
        one.className = "value";
        one.appendChild(inner);
      } else if (link && at === names.length - 1) { one.appendChild(linked(text, link)); }
      else { one.textContent = text; }
      return one;
    }

    function draw() {
      var last = Math.max(0, Math.ceil(shown.length / PAGE) - 1);
      page = Math.min(Math.max(page, 0), last);
      table.textContent = "";
      shown.slice(page * PAGE, (page + 1) * PAGE).forEach(function (row) {
        var line = document.createElement("tr");
        row.cells.forEach(function (text, at) { line.appendChild(cell(text, at, root.dataset.table, row.link)); });
        table.appendChild(line);
      });
      pages.textContent = filled(pages.dataset.page, { page: spelt(page + 1), pages: spelt(last + 1) });
      steps[0].disabled = page === 0;
      steps[1].disabled = page === last;
      status.textContent = shown.length
        ? filled(status.dataset.hits, { count: spelt(shown.length), of: spelt(rows.length) })
        : status.dataset.none;
    }

    function choose() {
      var asked = words(box.value).concat(everywhere);
      var wanted = picks.filter(function (pick) { return pick.value; });
      shown = rows.filter(function (row) {
        return wanted.every(function (pick) { return row.cells[Number(pick.dataset.column)] === pick.value; }) && fits(row.text, asked);
      });
      if (order.column >= 0) {
        shown.sort(function (a, b) {
          var way = compare(sortable(a.cells[order.column]), sortable(b.cells[order.column]));
          return order.down ? -way : way;
        });
      }
      page = 0;
      draw();
      return shown.length;
    }

    picks.forEach(options);
    form.addEventListener("input", choose);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("reset", function () { setTimeout(choose, 0); });
    steps.forEach(function (step) {
      step.addEventListener("click", function () { page += Number(step.dataset.step); draw(); });
    });
    heads.forEach(function (head, column) {
      head.addEventListener("click", function () {
        order = { column: column, down: order.column === column && !order.down };
        heads.forEach(function (one, at) {
          one.parentNode.setAttribute("aria-sort", at !== column ? "none" : order.down ? "descending" : "ascending");
        });
        choose();
      });
    });
    root.hidden = false;
    choose();
    return function (asked) { everywhere = asked; return choose(); };
  }

  var explorers = Array.prototype.map.call(document.querySelectorAll(".explorer"), explorer);
  if (document.querySelector("#changes .explorer")) { body.classList.add("scripted"); }

  /* --- the search at the top: everything on the page --- */

  var top = document.getElementById("search");
  if (!top) { return; }
  var hits = document.getElementById("hits");
  var lines = Array.prototype.map.call(
    document.querySelectorAll(".searched tbody tr, .searched-item"),
    function (row) { return { row: row, text: row.textContent.toLowerCase(), folded: !!row.closest(".scripted .fallback") }; }
  );
  function search() {
    var asked = words(top.value), shown = 0;
    lines.forEach(function (one) {
      var here = fits(one.text, asked);
      one.row.hidden = !here;
      shown += here && !one.folded ? 1 : 0;
    });
    explorers.forEach(function (choose) { shown += choose(asked); });
    if (asked.length) {
      document.querySelectorAll("#findings details").forEach(function (one) { one.open = true; });
    }
    if (!asked.length) { hits.textContent = ""; return; }
    hits.textContent = shown ? filled(hits.dataset.hits, { count: spelt(shown) }) : hits.dataset.none;
  }
  top.parentNode.hidden = false;
  top.addEventListener("input", search);
  top.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { top.value = ""; search(); }
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
  });
})();
