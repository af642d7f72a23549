"use strict";
(function () {
  var box = document.getElementById("search");
  if (!box) { return; }
  var hits = document.getElementById("hits");
  var rows = Array.prototype.map.call(
    document.querySelectorAll(".searched tbody tr, .searched-item"),
    function (row) { return { row: row, text: row.textContent.toLowerCase() }; }
  );
  function search() {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    rows.forEach(function (one) {
      var fits = words.every(function (word) { return one.text.indexOf(word) >= 0; });
      one.row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    if (words.length) {
      document.querySelectorAll("#findings details").forEach(function (one) { one.open = true; });
    }
    if (!words.length) { hits.textContent = ""; return; }
    hits.textContent = shown ? hits.dataset.hits.replace("{count}", String(shown)) : hits.dataset.none;
  }
  box.parentNode.hidden = false;
  box.addEventListener("input", search);
  box.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { box.value = ""; search(); }
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
  });
})();
