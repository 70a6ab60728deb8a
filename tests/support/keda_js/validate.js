// Reads a JSON array of KEDA objects from standard input; prints a JSON array with the errors of each, by the
// schemas of KEDA's custom resource definitions. A field that the schema does not know is an error too: its
// validator reads the fields that it knows, so that those are unknown which it has not read.
import { readFileSync } from "node:fs";

import * as models from "@kubernetes-models/keda/keda.sh/v1alpha1";

// The package exports its models only, which copy what they are given.
const SCHEMAS = new URL("../../_schemas/", import.meta.resolve("@kubernetes-models/keda/keda.sh/v1alpha1"));

function watched(value, path, unread) {
  if (value === null || typeof value !== "object") return value;
  const copy = Array.isArray(value) ? [] : {};
  for (const [key, inner] of Object.entries(value)) {
    const place = `${path}/${key}`;
    const watchedInner = watched(inner, place, unread);
    unread.add(place);
    Object.defineProperty(copy, key, {
      enumerable: true,
      get() {
        unread.delete(place);
        return watchedInner;
      },
    });
  }
  return copy;
}

async function errorsOf(object) {
  if (!models[object.kind]) return [`KEDA has no kind ${object.kind}`];
  const { validate } = await import(new URL(`ComGithubKedacoreKedaV2ApisKedaV1alpha1${object.kind}.js`, SCHEMAS));
  const { metadata, ...own } = object;
  const unread = new Set();
  const errors = validate({ ...watched(own, "", unread), metadata }) ? [] : validate.errors;
  return [
    ...errors.map((error) => `${error.instancePath} ${error.keyword} ${JSON.stringify(error.params)}`),
    ...[...unread].map((path) => `${path} is not a field of ${object.kind}`),
  ];
}

const objects = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(await Promise.all(objects.map(errorsOf))));
