"use strict";
// The table of all engines: a click makes a row the baseline, a heading sorts. All texts and places
// come from the page; nothing is computed here.
(() => {
  const table = document.getElementById("overview");
  if (!table) return;
  const data = JSON.parse(document.getElementById("overview-data").textContent);
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const number = (row) => Number(row.dataset.row);
  document.body.classList.add("alive");

  function setBaseline(baseline) {
    document.getElementById("against").textContent = data.names[baseline];
    for (const row of rows) {
      const isBaseline = number(row) === baseline;
      row.classList.toggle("baseline", isBaseline);
      row.querySelector("button")?.setAttribute("aria-pressed", String(isBaseline));
      for (const cell of row.querySelectorAll("[data-ratio]")) {
        cell.textContent = data.ratios[cell.dataset.ratio][baseline][number(row)];
      }
      for (const measure of Object.keys(data.x)) {
        const line = row.querySelector(`.strip.${measure} .base`);
        line?.setAttribute("x1", data.x[measure][baseline]);
        line?.setAttribute("x2", data.x[measure][baseline]);
      }
    }
  }

  function button(parent, onClick) {
    const made = document.createElement("button");
    made.type = "button";
    made.append(...parent.childNodes);
    parent.append(made);
    made.addEventListener("click", onClick);
    return made;
  }

  if (!data.fixed) {
    for (const row of rows) {
      if (!data.ranked[number(row)]) continue;
      const made = button(row.querySelector(".name"), () => {});
      made.title = "Compare every engine with this one";
      row.addEventListener("click", () => setBaseline(number(row)));
    }
    if (data.ranked.some(Boolean)) setBaseline(data.baseline);
  }

  function sortBy(heading, direction) {
    const measure = document.querySelector("input[name=measure]:checked").value;
    const name = heading.dataset.sort;
    const keys = data.sort[name === "time" ? `time ${measure}` : name];
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction);
    rows.sort((a, b) => {
      const [x, y] = [keys[number(a)], keys[number(b)]];
      if (x === null || y === null) return (x === null) - (y === null); // unknown ones come last
      return (x > y ? 1 : x < y ? -1 : 0) * (direction === "ascending" ? 1 : -1);
    });
    body.append(...rows);
  }

  for (const heading of table.querySelectorAll("[data-sort]")) {
    button(heading, () => {
      const isUp = heading.getAttribute("aria-sort") === "ascending";
      sortBy(heading, isUp ? "descending" : "ascending");
    });
  }
  for (const input of document.querySelectorAll("input[name=measure]")) {
    input.addEventListener("change", () => {
      const heading = table.querySelector("[data-sort=time][aria-sort]");
      if (heading) sortBy(heading, heading.getAttribute("aria-sort"));
    });
  }
})();

// Paper shows everything: what is folded opens in print, and closes again.
(() => {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
  });
})();
