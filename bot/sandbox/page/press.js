// A click counts only where a press ends on the very element that it began on. So what is being pressed stays as it stands:
// news that comes meanwhile is drawn once the button or the finger is let go.

const tapMilliseconds = 100; // a finger's click comes a moment after it is lifted

let pressed = false;
let lifting = 0;
let waiting = [];

function release() {
  pressed = false;
  clearTimeout(lifting);
  const due = waiting;
  waiting = [];
  for (const go of due) go();
}

addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  clearTimeout(lifting);
  pressed = true;
}, { capture: true });
addEventListener("pointerup", (event) => {
  // The click follows in the same turn, or a finger's a little later.
  if (pressed && event.isPrimary) lifting = setTimeout(release, event.pointerType === "mouse" ? 0 : tapMilliseconds);
}, { capture: true });
addEventListener("pointercancel", release, { capture: true });
addEventListener("blur", release);
// Let go where the page did not hear of it, such as over a menu of the system.
addEventListener("pointermove", (event) => { if (pressed && event.isPrimary && event.buttons === 0 && event.pointerType === "mouse") release(); }, { capture: true, passive: true });

/** Resolves once nothing is being pressed; whoever draws what others caused waits for it. */
export function letGo() {
  return pressed ? new Promise((resolve) => { waiting.push(resolve); }) : Promise.resolve();
}
