"use strict";
// The captions of the navigation are headings without a level, which a screen reader needs.
addEventListener("DOMContentLoaded", () => {
  for (const caption of document.querySelectorAll("p.caption[role=heading]")) {
    caption.setAttribute("aria-level", "2");
  }
});
// What is wider than the screen scrolls on its own; the keyboard must reach it, also after a turn of
// the phone.
for (const moment of ["DOMContentLoaded", "resize"]) {
  addEventListener(moment, () => {
    const wide = document.querySelectorAll("pre, .table-wrapper, .bg-picture, .bg-scroll");
    for (const each of wide) {
      if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
    }
  });
}
