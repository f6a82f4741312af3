// Ctrl+Z takes back what was last set on a page, Ctrl+Shift+Z and Ctrl+Y set it again. Text has the
// browser's own, Repair its strokes.

const FIELDS = "main :is(select, [type=range], [type=checkbox], [type=radio])";
const of = ({ type }) => (["checkbox", "radio"].includes(type) ? "checked" : "value");
const seen = () => new Map([...document.querySelectorAll(FIELDS)].map((field) => [field, field[of(field)]]));
const [done, undone] = [[], []];
let now = new Map();

/** What is set before anybody sets anything: pages make some of their fields. */
addEventListener("pointerdown", () => (now = seen()), true);
addEventListener("keydown", () => (now = seen()), true);
addEventListener("change", ({ isTrusted, target }) => {
  if (!isTrusted || !target.matches(FIELDS)) return;
  done.push(now);
  undone.length = 0;
});

function turn(from, to) {
  const wanted = from.pop();
  if (!wanted) return;
  to.push(seen());
  for (let round = 0; round < 2; round++) {
    // A slider that is set may tick its box, which is set back after it.
    for (const [field, value] of wanted) {
      if (!field.isConnected || field[of(field)] === value) continue;
      field[of(field)] = value;
      if (value !== false || field.type === "checkbox") {
        for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
      }
    }
  }
}

addEventListener("keydown", (event) => {
  const [key, isCommand] = [event.key.toLowerCase(), event.ctrlKey || event.metaKey];
  if (!isCommand || !["z", "y"].includes(key) || event.target.matches?.("[type=text], [type=number], textarea")) return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) turn(undone, done);
  else turn(done, undone);
});
