// The messages of a specification's parts, from the shapes of their schemas (src/grpc/typed/spec-shapes.ts): the text of spec_parts.proto.
// A field keeps the number that it has; a new one gets the next.

const head = `// Made by proto/generate.mjs from the schemas of src/domain/jobs/spec; only numbers are kept from what stands here.
//
// Each part is a message as the OpenAPI document has it. What is left out has its default. Choices are a \`oneof\`: by the JSON's \`type\`, or by
// the form of the value (\`off\`: true is JSON's false). A list of one may stand for JSON's single number.
syntax = "proto3";

package descent.v1;

import "google/protobuf/struct.proto";
`;

/** Each message's fields with their numbers, as a .proto file has them. */
const numbersOf = (text) =>
  new Map(
    [...text.replace(/^ *\/\/.*$/gm, "").matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)].map(([, name, body]) => [
      name,
      new Map(
        [...body.matchAll(/(\w+) = (\d+)( \[deprecated = true\])?;/g)].map(([, field, number]) => [
          field,
          Number(number),
        ]),
      ),
    ]),
  );

const snake = (text) => text.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();

const typeOf = (shape, isOption) => {
  if (shape.kind === "scalar") return isOption ? shape.type : `optional ${shape.type}`;
  if (shape.kind === "list") return `repeated ${typeOf(shape.of, true)}`;
  if (shape.kind === "map") return `map<string, ${typeOf(shape.of, true)}>`;
  return shape.name;
};

const comment = (about, indent) => (about === "" ? [] : [`${indent}// ${about.replaceAll("\n", " ")}`]);

const messageOf = (shape, known, isRoot) => {
  const own = known.get(shape.name) ?? new Map();
  let last = Math.max(isRoot ? 1 : 0, ...own.values());
  const numberOf = (name) => own.get(name) ?? ++last;
  const lines = [...comment(shape.about, ""), `message ${shape.name} {`];
  const names = new Set();
  if (isRoot) {
    lines.push(
      "  // The part as JSON, entry by entry, as clients wrote it before it had fields of its own; not beside them. Answers have both.",
    );
    lines.push("  map<string, google.protobuf.Value> fields = 1 [deprecated = true];");
    names.add("fields");
  }
  const add = (name, type, about, indent) => {
    names.add(name);
    lines.push(...comment(about, indent), `${indent}${type} ${name} = ${numberOf(name)};`);
  };
  if (shape.kind === "choice") {
    lines.push("  oneof kind {");
    for (const option of shape.options) add(option.name, typeOf(option.shape, true), option.about, "    ");
    lines.push("  }");
  } else for (const field of shape.fields) add(snake(field.key), typeOf(field.shape, false), field.about, "  ");
  const gone = [...own.keys()].filter((name) => !names.has(name));
  if (gone.length > 0)
    throw new Error(`${shape.name} has lost ${gone.join(", ")}: clients may send it; reserve its number first`);
  return [...lines, "}"].join("\n");
};

export const writeSpecParts = ({ specShapes, specMessages }, before) => {
  const known = numbersOf(before);
  const roots = new Set(Object.values(specShapes).map(({ name }) => name));
  const messages = [...specMessages].sort((a, b) => Number(roots.has(b.name)) - Number(roots.has(a.name)));
  return `${[head.trimEnd(), ...messages.map((shape) => messageOf(shape, known, roots.has(shape.name)))].join("\n\n")}\n`;
};
