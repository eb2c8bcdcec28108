"use strict";
// The race: one clock for all engines. Every time, loss and picture comes from the page.
(() => {
  const section = document.getElementById("race");
  if (!section) return;
  const race = JSON.parse(document.getElementById("race-data").textContent);
  const find = (name) => document.getElementById(`race-${name}`);
  const [play, clock, scrub, speed] = ["play", "clock", "scrub", "speed"].map(find);
  const cards = [...section.querySelectorAll(".lane")];
  const past = section.querySelector("#race-past rect");
  const cursor = section.querySelector(".cursor");
  const heads = [...section.querySelectorAll(".head")];
  const labels = [...section.querySelectorAll(".race-labels g")];
  const drawing = section.querySelector(".lines").viewBox.baseVal;
  const live = section.querySelector(".race-live");
  const decades = Math.log(race.high / race.low);
  const SECONDS = 12; // that the whole race takes at speed 1
  const jumps = matchMedia("(prefers-reduced-motion: reduce)");

  let at = 1; // of the clock, from 0 to 1
  let frame = 0; // of the animation; 0 is paused
  const shareOf = (time) => Math.log(time / race.low) / decades;
  const timeOf = (share) => race.low * Math.exp(share * decades);
  const last = shareOf(race.end);

  function seconds(time) {
    for (const [unit, name] of [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]]) {
      const amount = Number((time / unit).toPrecision(3));
      if (amount >= 1000) return `${Math.round(time / unit).toLocaleString("en")} ${name}`;
      if (amount >= 1) return `${(time / unit).toPrecision(3)} ${name}`;
    }
    return `${time} s`;
  }

  const latest = (numbers, limit) => numbers.filter((number) => number <= limit * (1 + 1e-9)).length - 1;

  function showLane(card, lane, time, i) {
    const epochs = i < 0 ? 0 : lane.epochs[i];
    const isOver = i === lane.ends.length - 1;
    const begun = i < 0 ? 0 : lane.ends[i];
    const part = isOver ? 0 : (lane.epochs[i + 1] - epochs) * (time - begun) / (lane.ends[i + 1] - begun);
    card.classList.toggle("untrained", i < 0);
    card.querySelector(".place")?.classList.toggle("won", isOver);
    card.querySelector(".part").setAttribute("width", `${100 * Math.min(1, (epochs + part) / lane.planned)}%`);
    card.querySelector(".now").textContent = isOver ? card.dataset.ending
      : epochs ? `epoch ${epochs} of ${lane.planned}` : "in its first epoch";
    const known = (number, text) => (i >= 0 && number !== null ? [text] : []);
    card.querySelector(".how").textContent = [
      ...known(lane.accuracies[i], `accuracy ${(100 * lane.accuracies[i]).toFixed(1)} %`),
      ...known(lane.losses[i], `loss ${lane.losses[i]?.toPrecision(3)}`),
    ].join("\n") || "not trained yet";
    const shape = lane.regions[latest(lane.regions.map(([n]) => n), epochs)];
    if (shape) card.querySelector(".regions")?.setAttribute("href", `#shape-${shape[1]}`);
  }

  function show(share) {
    at = Math.min(Math.max(share, 0), last);
    const time = at === last ? race.end : timeOf(at);
    race.lanes.forEach((lane, k) => {
      const i = latest(lane.ends, time);
      showLane(cards[k], lane, time, i);
      labels[k].classList.toggle("later", i < 0);
      const place = i < 0 || lane.losses[i] === null ? ""
        : `M${shareOf(lane.ends[i]) * drawing.width} ${(1 - lane.losses[i] / race.highest) * drawing.height}h0`;
      heads[k].setAttribute("d", place);
    });
    past.setAttribute("width", at * drawing.width + 1);
    cursor.setAttribute("d", `M${at * drawing.width} 0V${drawing.height}`);
    clock.textContent = seconds(time);
    scrub.value = 1000 * at;
    scrub.setAttribute("aria-valuetext", seconds(time));
  }

  function pause() {
    cancelAnimationFrame(frame);
    frame = 0;
    play.textContent = "▶";
    play.setAttribute("aria-label", "Play");
  }

  function start() {
    if (at >= last || !start.begun) show(0);
    start.begun = true;
    play.textContent = "❚❚";
    play.setAttribute("aria-label", "Pause");
    let before = performance.now();
    frame = requestAnimationFrame(function next(now) {
      const passed = (now - before) / 1000;
      frame = requestAnimationFrame(next);
      if (jumps.matches && passed < 1) return; // still pictures, one a second
      before = now;
      if (speed.value === "real") show(shareOf(timeOf(at) + passed));
      else show(at + (passed * Number(speed.value)) / SECONDS);
      if (at >= last) pause();
    });
  }

  const toggle = () => (frame ? pause() : start());
  const moved = (share) => {
    pause();
    start.begun = true;
    show(share);
  };

  play.addEventListener("click", toggle);
  scrub.addEventListener("input", () => moved(scrub.value / 1000));
  live.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01 }[event.key];
    if (event.target === speed || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === " " && event.target !== play) toggle();
    else if (step) moved(at + step * (event.shiftKey ? 5 : 1));
    else if (event.key === "Home") moved(0);
    else if (event.key === "End") moved(1);
    else return;
    event.preventDefault();
  });

  section.classList.add("playable");
  section.querySelector(".race-bar").hidden = scrub.hidden = false;
  show(shareOf(race.telling));
})();
