// The messages that are made from schemas, from their shapes (src/grpc/typed): the text of a .proto file. A field keeps the number that it has; a
// new one gets the next.

const about = `//
// Each message is as the OpenAPI document has it. What a request leaves out has its default; what an answer leaves out is JSON's null or empty
// list. Choices are a \`oneof\`: by the JSON's \`type\` or \`task\`, or by the form of the value (\`off\`: true is JSON's false). A list of one may
// stand for JSON's single number.`;

const headOf = ({
  from,
  imports,
}) => `// Made by proto/generate.mjs from the schemas of ${from}; only numbers are kept from what stands here.
${about}
syntax = "proto3";

package descent.v1;

${[...imports, "google/protobuf/struct.proto"].map((file) => `import "${file}";`).join("\n")}
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

/** What stood there before the message did, whose numbers its clients know: a google.protobuf.Struct, or a Value that may be a number. */
const former = {
  struct: {
    about: "As JSON, entry by entry, as it was before it had fields of its own; not beside them. Answers have both.",
    field: "map<string, google.protobuf.Value> fields = 1 [deprecated = true];",
    numbers: { fields: 1 },
    lastNumber: 1,
  },
  value: {
    about: "As JSON, as it was before it had fields of its own; not beside them. Answers have both.",
    field: "google.protobuf.Struct struct_value = 5 [deprecated = true];",
    numbers: { struct_value: 5, number: 2 },
    lastNumber: 6,
  },
};

const messageOf = (shape, known, before) => {
  const own = new Map([...(known.get(shape.name) ?? []), ...Object.entries(before?.numbers ?? {})]);
  let last = Math.max(before?.lastNumber ?? 0, ...own.values());
  const numberOf = (name) => own.get(name) ?? ++last;
  const lines = [...comment(shape.about, ""), `message ${shape.name} {`];
  const names = new Set();
  if (before !== undefined) {
    lines.push(`  // ${before.about}`, `  ${before.field}`);
    names.add(/(\w+) = \d/.exec(before.field)[1]);
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

/**
 * @param file what it is made `from`, its `imports`, the shapes of its `messages`, and `before`, by the names of those that stand where JSON did:
 *   `struct` or `value`
 * @param text of the file as it is
 */
export const writeMessages = (file, text) => {
  const known = numbersOf(text);
  const formOf = ({ name }) => former[file.before[name]];
  const messages = [...file.messages].sort((a, b) => Number(Boolean(formOf(b))) - Number(Boolean(formOf(a))));
  return `${[headOf(file).trimEnd(), ...messages.map((shape) => messageOf(shape, known, formOf(shape)))].join("\n\n")}\n`;
};

/** The .proto files that are made so, by their names, from the modules of the build or of the sources. */
export const madeFiles = (
  { specShapes, thresholdShape, specMessages },
  { modelShapes, modelMessages },
  { studySpecShape, studySpecMessages },
) => {
  const structs = (shapes) => Object.fromEntries(shapes.map(({ name }) => [name, "struct"]));
  return {
    spec_parts: {
      from: "src/domain/jobs/spec",
      imports: [],
      messages: specMessages,
      before: { ...structs(Object.values(specShapes)), [thresholdShape.name]: "value" },
    },
    model_parts: {
      from: "src/domain/models",
      imports: [],
      messages: modelMessages,
      before: structs(Object.values(modelShapes)),
    },
    study_spec: {
      from: "src/domain/studies",
      imports: ["descent/v1/job_spec.proto"],
      messages: studySpecMessages,
      before: structs([studySpecShape]),
    },
  };
};
