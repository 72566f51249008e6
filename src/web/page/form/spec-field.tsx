import { Fault, type FieldProps, Hint, idOf, leftOut } from "./field-parts.tsx";
import { Choice, Scalar } from "./scalar-field.tsx";
import { asObject, firstOf, kindOf, resolve, titleOfKey, variantOf, variantsOf, withKey } from "./schema.ts";
import { JsonField, ListField, MapField } from "./text-fields.tsx";

/** The members of an object, one after another. */
export const Members = (props: FieldProps) => {
  const { schemas, schema, pointer, value, onChange, chosen } = props;
  const object = asObject(value);
  return (
    <>
      {Object.entries(schema.properties ?? {})
        .filter(([, member]) => resolve(schemas, member).const === undefined)
        .map(([key, member]) => (
          <SpecField
            key={key}
            {...props}
            schema={resolve(schemas, member)}
            pointer={`${pointer}/${key}`}
            title={titleOfKey(key)}
            // Nothing is wanted of a part that is left out.
            required={(schema.required?.includes(key) ?? false) && (props.required || value !== undefined)}
            value={object[key]}
            chosen={asObject(chosen)[key]}
            onChange={(next) => {
              // Nor is an empty text kept there: it could not be taken back.
              const changed = withKey(object, key, next === "" && !props.required ? undefined : next);
              // An object that says nothing is left out, as it was.
              onChange(Object.keys(changed).length === 0 && !props.required ? undefined : changed);
            }}
          />
        ))}
    </>
  );
};

/** One value of the specification, in the way that its schema allows. */
export const SpecField = (props: FieldProps) => {
  const { schemas, schema, pointer, title, faults } = props;
  const kind = kindOf(schemas, schema);
  if (kind === "constant") return null;
  if (kind === "variants") return <VariantField {...props} />;
  if (kind === "object")
    return (
      <details class="part whole" open={props.required}>
        <summary>
          {title}
          {props.value !== undefined && <span class="tag">stated</span>}
        </summary>
        <Hint text={schema.description} />
        <div class="spec-fields">
          <Members {...props} />
        </div>
      </details>
    );
  const hint = `${idOf(pointer)}-hint`;
  return (
    <div class="field">
      <label for={idOf(pointer)}>{title}</label>
      {(kind === "choice" || kind === "boolean") && <Choice {...props} />}
      {(kind === "number" || kind === "text") && <Scalar {...props} />}
      {(kind === "numbers" || kind === "texts") && <ListField {...props} numbers={kind === "numbers"} />}
      {kind === "map" && <MapField {...props} />}
      {kind === "json" && <JsonField {...props} />}
      <Fault faults={faults} pointer={pointer} />
      <Hint text={schema.description} id={hint} />
    </div>
  );
};

/** One of several forms of a value: which, and then what that has. */
const VariantField = (props: FieldProps) => {
  const { schemas, schema, pointer, title, required, value, onChange, chosen, faults } = props;
  const variants = variantsOf(schemas, schema);
  const place = value === undefined ? -1 : variantOf(schemas, variants, value);
  const variant = variants[place];
  const kind = variant === undefined ? null : kindOf(schemas, variant.schema);
  const own = variantOf(schemas, variants, chosen ?? null);
  return (
    <fieldset class="part whole">
      <legend class="unseen">{title}</legend>
      <div class="field">
        <label for={idOf(pointer)}>{title}</label>
        <select
          id={idOf(pointer)}
          value={String(place)}
          onChange={(event) => {
            const next = variants[Number(event.currentTarget.value)];
            onChange(next === undefined ? undefined : firstOf(schemas, next.schema));
          }}
        >
          {(!required || place === -1) && (
            <option value="-1">{own === -1 ? leftOut(chosen) : `left out: ${variants[own]!.title}`}</option>
          )}
          {variants.map((each, i) => (
            <option key={each.title} value={String(i)}>
              {each.title}
            </option>
          ))}
        </select>
        <Fault faults={faults} pointer={pointer} />
        <Hint text={schema.description} />
      </div>
      {variant !== undefined && kind !== "constant" && (
        <>
          {kind === "object" && variant.schema.description !== schema.description && (
            <Hint text={variant.schema.description} />
          )}
          <div class="spec-fields">
            {kind === "object" ? (
              <Members {...props} schema={variant.schema} required chosen={own === place ? chosen : undefined} />
            ) : (
              <SpecField
                {...props}
                schema={variant.schema}
                pointer={`${pointer}#`}
                title={variant.title}
                required
                chosen={undefined}
              />
            )}
          </div>
        </>
      )}
    </fieldset>
  );
};
