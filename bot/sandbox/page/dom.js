// Building DOM nodes. Everything the page shows is made here from text and attributes; nothing is ever parsed as HTML, so
// whatever a message contains stays text.

const svgSpace = "http://www.w3.org/2000/svg";

/**
 * Makes an element. `props` may hold `class`, `on` (event name to listener), `style` (property to value) and any
 * attribute; null, undefined and false attributes are left out, true becomes an empty attribute.
 */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** Makes an SVG element, with the same props as h. */
export function svg(tag, props, ...children) {
  return fill(document.createElementNS(svgSpace, tag), props, children);
}

function fill(node, props, children) {
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") {
      for (const [name, listener] of Object.entries(value)) node.addEventListener(name, listener);
    } else if (key === "style") {
      for (const [name, setting] of Object.entries(value)) node.style.setProperty(name, setting);
    } else {
      node.setAttribute(key, value === true ? "" : String(value));
    }
  }
  append(node, children);
  return node;
}

/** Appends children, flattening arrays and leaving out null, undefined and false. */
export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** Replaces all children. */
export function replace(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

/**
 * Makes `parent` hold exactly `nodes`, in order, moving only what is out of place, so that focus, scroll position and
 * half-typed text in the nodes that stay survive.
 */
export function reconcile(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.childNodes]) {
    if (!wanted.has(child)) child.remove();
  }
  nodes.forEach((node, i) => {
    if (parent.childNodes[i] !== node) parent.insertBefore(node, parent.childNodes[i] ?? null);
  });
}

let counter = 0;

/** A document-wide unique id, for label and description references. */
export function uniqueId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}

const iconPaths = {
  back: "M12.5 4 6.5 10l6 6",
  close: "M5 5l10 10M15 5 5 15",
  chevron: "M5 8l5 5 5-5",
  right: "M8 5l5 5-5 5",
  left: "M12 5l-5 5 5 5",
  reply: "M4 5.5h12v8H9l-3.5 3v-3H4z",
  home: "M3.5 9.5 10 4l6.5 5.5M5.5 8.5V16h9V8.5",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  send: "M3.5 10 16.5 4l-4 12-3-5z",
  clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6v4.2l2.8 1.8",
  next: "M4 5l6 5-6 5zM14.5 5v10",
  check: "M4.5 10.5 8.5 14.5 15.5 6",
  eye: "M2.5 10S5 5 10 5s7.5 5 7.5 5-2.5 5-7.5 5-7.5-5-7.5-5zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  calendar: "M4 5.5h12V16H4zM4 8.5h12M7 3.5v3M13 3.5v3",
  warning: "M10 3.5 17 16H3zM10 8v4M10 14h.01",
  info: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 9v4.5M10 6.5h.01",
  video: "M4 5.5h8v9H4zM12 9l4.5-2.5v7L12 11",
  file: "M5.5 3h6l3 3v11h-9zM11.5 3v3h3",
  people: "M7.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 16c0-2.5 2-4.5 4.5-4.5S12 13.5 12 16M13 9.5a2.2 2.2 0 1 0-1-4.2M13.5 11.6c2 .2 3.5 2 3.5 4.4",
  link: "M8.5 11.5l3-3M9.5 6 11 4.5a3.2 3.2 0 0 1 4.5 4.5L14 10.5M10.5 14 9 15.5A3.2 3.2 0 0 1 4.5 11L6 9.5",
  hash: "M8 3.5 6.5 16.5M13.5 3.5 12 16.5M4 8h12.5M3.5 12.5H16",
};

/** A line icon, hidden from assistive technology; whoever uses it gives the words. */
export function icon(name, size = 18) {
  return svg("svg", {
    class: "icon", viewBox: "0 0 20 20", width: size, height: size, fill: "none", stroke: "currentColor",
    "stroke-width": 1.7, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", focusable: "false",
  }, svg("path", { d: iconPaths[name] ?? iconPaths.info }));
}

/** The product's mark: a play drawn on a board, from a circle past a cross. */
export function mark(size = 28) {
  return svg("svg", { class: "mark", viewBox: "0 0 32 32", width: size, height: size, "aria-hidden": "true", focusable: "false" },
    svg("rect", { width: 32, height: 32, rx: 9, class: "mark-ground" }),
    svg("circle", { cx: 9.5, cy: 22, r: 3.6, class: "mark-line" }),
    svg("path", { d: "M19.5 19.5l5 5m0-5l-5 5", class: "mark-cross" }),
    svg("path", { d: "M11 17.5C12.5 11 16.5 9 22 9m-3.4-3L22.4 9l-3.2 3.4", class: "mark-line" }));
}
