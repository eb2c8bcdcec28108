"use strict";
// Steps through a backward pass; every number and sentence comes from the page.
(() => {
  const root = document.getElementById("ID");
  if (!root) return;
  const steps = "DATA";
  const slide = root.querySelector("input");
  const said = root.querySelector(".bg-said");
  const [back, on] = root.querySelectorAll("button");
  const boxes = [...root.querySelectorAll(".box")];
  let at = 0;

  function show(step) {
    at = Math.min(Math.max(step, 0), steps.length - 1);
    const [active, gradients, text] = steps[at];
    const before = steps[Math.max(at - 1, 0)][1];
    boxes.forEach((box, i) => {
      box.classList.toggle("active", i === active);
      box.classList.toggle("changed", gradients[i] !== before[i]);
      box.querySelector(".grad").textContent = gradients[i];
    });
    root.querySelectorAll(".edge").forEach((edge) => {
      edge.classList.toggle("active", at > 1 && Number(edge.dataset.node) === active);
    });
    said.textContent = text;
    slide.value = at;
    slide.setAttribute("aria-valuetext", `step ${at} of ${steps.length - 1}`);
    back.disabled = at === 0;
    on.disabled = at === steps.length - 1;
  }

  slide.addEventListener("input", () => show(Number(slide.value)));
  for (const button of [back, on]) {
    button.addEventListener("click", () => show(at + Number(button.dataset.by)));
  }
  root.querySelector(".bg-scroll").addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!by || event.ctrlKey || event.altKey || event.metaKey) return;
    show(at + by);
    event.preventDefault();
    event.stopPropagation(); // a page may turn with these keys
  });
  root.querySelector(".bg-bar").hidden = false;
  show(0);
})();
