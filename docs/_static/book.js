"use strict";
// What is wider than the screen scrolls on its own; the keyboard must reach it.
addEventListener("DOMContentLoaded", () => {
  const wide = document.querySelectorAll("pre, .table-wrapper, .bg-picture, .bg-scroll");
  for (const each of wide) {
    if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
  }
});
