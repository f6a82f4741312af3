import { API, json } from "./api.js";
import { $, make } from "./source.js";
import "./status.js";

/** What a field may be, in a few words. */
function kind(schema) {
  if (schema.anyOf) return schema.anyOf.map(kind).join(", or ");
  if (schema.enum) return schema.enum.filter((one) => one !== "").join(", ");
  if (schema.type === "array") return "files";
  if (schema.format === "binary") return "a file";
  const { minimum, maximum } = schema;
  if (maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${minimum} or more`;
  return { boolean: "true or false", string: "text", integer: "a whole number" }[schema.type] ?? schema.type;
}

/** What a field may be, what it is otherwise, and what it does. */
function fields({ properties, required }) {
  const list = make("dl", { class: "fields" });
  for (const [name, schema] of Object.entries(properties)) {
    const otherwise = schema.default === undefined || schema.default === "" ? "" : `; ${schema.default} unless given`;
    const about = ` ${kind(schema)}${required.includes(name) ? "; has to be sent" : otherwise}`;
    list.append(make("dt", {}, make("code", {}, name), make("span", { class: "soft" }, about)));
    list.append(make("dd", {}, schema.description ?? ""));
  }
  return list;
}

function entry(path, method, { summary, description, requestBody }) {
  const title = make("h2", {}, make("code", {}, `${method.toUpperCase()} ${path}`));
  const part = make("div", { class: "path" }, title, make("p", {}, description || summary));
  const form = requestBody?.content["multipart/form-data"]?.schema;
  if (form) part.append(make("details", {}, make("summary", {}, "fields of the form"), fields(form)));
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
