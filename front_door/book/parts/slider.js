"use strict";
// Moves along measured costs; every number and sentence comes from the page.
(() => {
  const root = document.getElementById("ID");
  if (!root) return;
  const data = "DATA";
  const slide = root.querySelector("input");
  const said = root.querySelector(".bg-said");

  function show(i) {
    root.querySelectorAll(".dot").forEach((dot) => {
      dot.setAttribute("cx", data.x[i]);
      dot.setAttribute("cy", data.y[dot.dataset.engine][i]);
    });
    said.textContent = data.said[i];
    slide.setAttribute("aria-valuetext", data.rows[i]);
  }

  slide.addEventListener("input", () => show(Number(slide.value)));
  show(Number(slide.value));
})();
