// The values of a view's or message's input elements, as Slack's view.state.values holds them, and which of them must not
// be empty.

/** A store of values by block and action; `onSet`, where given, hears the block of each change. */
export function formValues() {
  const values = new Map();
  const required = new Map();
  return {
    get: (block, action) => values.get(block)?.get(action),
    set(block, action, value) {
      if (!block || !action) return;
      if (!values.has(block)) values.set(block, new Map());
      values.get(block).set(action, value);
      this.onSet?.(block);
    },
    /** Declares an input block's element, before a redraw of the whole form. */
    expect(block, action, must) { required.set(block, { action, must }); },
    /** Forgets what the last drawing declared, and the values of blocks that are gone. */
    keepOnly(blocks) {
      for (const block of [...values.keys()]) if (!blocks.has(block)) values.delete(block);
      required.clear();
    },
    values() {
      const out = {};
      for (const [block, actions] of values) out[block] = Object.fromEntries(actions);
      return out;
    },
    /** The blocks that must be filled in and are not, with whether they are chosen from or typed into. */
    missing() {
      const out = [];
      for (const [block, { action, must }] of required) {
        const value = values.get(block)?.get(action);
        if (must && value && isEmpty(value)) out.push({ block, typed: "value" in value });
      }
      return out;
    },
  };
}

function isEmpty(value) {
  return Object.entries(value).every(([key, content]) => key === "type" || content === null || content === undefined || content === "" || (Array.isArray(content) && content.length === 0));
}
