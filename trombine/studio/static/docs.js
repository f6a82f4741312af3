import { API, json } from "./api.js";
import { $, make } from "./source.js";
import "./status.js";

/** What a field may be, in a few words. */
function kind(schema) {
  if (schema.anyOf) return schema.anyOf.map(kind).join(", or ");
  if (schema.enum) return schema.enum.join(", ");
  if (schema.type === "array") return "files";
  if (schema.format === "binary") return "a file";
  const { minimum, maximum } = schema;
  if (maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${minimum} or more`;
  return { boolean: "true or false", string: "text", integer: "a whole number" }[schema.type] ?? schema.type;
}

function table({ properties, required }) {
  const lines = Object.entries(properties).map(([name, schema]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, make("code", {}, name)),
      make("td", {}, kind(schema)),
      make("td", {}, required.includes(name) ? "has to be sent" : String(schema.default ?? "")),
      make("td", {}, schema.description ?? ""),
    ),
  );
  const heads = ["field", "is", "unless given", "what it does"].map((text) => make("th", { scope: "col" }, text));
  const whole = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...lines));
  return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Fields" }, whole);
}

function entry(path, method, { summary, description, requestBody }) {
  const title = make("h2", {}, make("code", {}, `${method.toUpperCase()} ${path}`));
  const part = make("section", {}, title, make("p", {}, description || summary));
  const form = requestBody?.content["multipart/form-data"]?.schema;
  if (form) part.append(make("details", {}, make("summary", {}, "fields of the form"), table(form)));
  return part;
}

try {
  const { paths } = await json(`${API}/openapi.json`);
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, what] of Object.entries(methods)) $("paths").append(entry(path, method, what));
  }
} catch (error) {
  $("status").fail(error);
}
