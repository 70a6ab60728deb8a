/** The OpenAPI document: what the forms of the API reference need of it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: readonly (string | number | boolean)[];
  default?: unknown;
  example?: unknown;
  examples?: readonly unknown[];
  items?: Schema;
  oneOf?: readonly Schema[];
  anyOf?: readonly Schema[];
  properties?: Record<string, Schema>;
  required?: readonly string[];
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header" | "cookie";
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Operation {
  parameters?: readonly Parameter[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
  security?: readonly object[];
}

export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

/** Schemas refer to each other in circles. */
const DEEPEST = 6;
const BY_FORMAT: Record<string, string> = {
  email: "me@example.org",
  uri: "https://example.org/",
  "date-time": "2030-01-01T00:00:00Z",
};

/** The schema itself: references are followed, and of alternatives the first is taken that is not null. */
export function resolve(document: OpenApi, schema: Schema): Schema {
  if (schema.$ref) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
    return resolve(document, document.components?.schemas?.[name] ?? {});
  }
  const first = (schema.oneOf ?? schema.anyOf)?.find((each) => each.type !== "null");
  return first ? { ...schema, ...resolve(document, first) } : schema;
}

export function isBinary(schema: Schema): boolean {
  return schema.format === "binary";
}

/** A body to begin with: the required fields, or all where none is required. */
export function example(document: OpenApi, schema: Schema, depth = 0): unknown {
  const found = resolve(document, schema);
  const given = found.example ?? found.examples?.[0] ?? found.default ?? found.enum?.[0];
  if (given !== undefined && given !== null) return given;
  const type = Array.isArray(found.type) ? found.type.find((each) => each !== "null") : found.type;
  if (found.properties && depth < DEEPEST) {
    const names = found.required?.length ? found.required : Object.keys(found.properties);
    return Object.fromEntries(names.map((name) => [name, example(document, found.properties?.[name] ?? {}, depth + 1)]));
  }
  switch (type) {
    case "object":
      return {};
    case "array":
      return found.items && depth < DEEPEST ? [example(document, found.items, depth + 1)] : [];
    case "boolean":
      return false;
    case "integer":
    case "number":
      return 0;
    default:
      return BY_FORMAT[found.format ?? ""] ?? "";
  }
}
