import type { ComponentChildren } from "preact";
import type { Lineage, LineageBranch, LineageModel } from "../../../domain/models/lineage.ts";
import { formatAge, formatBytes, formatCount } from "../format.ts";
import { StateBadge } from "../parts.tsx";
import { toFragment } from "../route.ts";
import { titleOf } from "./chosen.ts";

/** What made a model: a job on a data set, or a file. */
const Origin = ({ model: { dataset, job, file, createdAt } }: { model: LineageModel }) => (
  <span class="muted small">
    {file !== null &&
      `read from a file of ${formatBytes(file.bytes)}${file.licence === null ? "" : `, ${file.licence}`}`}
    {dataset !== null && (
      <>
        trained on <a href={`#/datasets/${dataset.id}`}>{dataset.name}</a>, {formatCount(dataset.rows, "row")}
      </>
    )}
    {job !== null && (
      <>
        {dataset === null ? "made" : ""} by <a href={`#/jobs/${job}`}>its job</a>
      </>
    )}
    {`, ${formatAge(createdAt, Date.now())}`}
  </span>
);

const Node = ({
  model,
  here = false,
  children,
}: {
  model: LineageModel;
  here?: boolean;
  children?: ComponentChildren;
}) => (
  <li>
    <div class={here ? "node here" : "node"}>
      {here ? (
        <strong aria-current="true">{titleOf(model)} (this model)</strong>
      ) : (
        <a href={`#/models/${model.id}`}>{titleOf(model)}</a>
      )}
      {model.aliases.map((name) => (
        <a key={name} class="tag" href={toFragment({ view: "alias", name })}>
          {name}
        </a>
      ))}
      <Origin model={model} />
    </div>
    {children}
  </li>
);

const Branch = ({ branch, here = false }: { branch: LineageBranch; here?: boolean }) => (
  <Node model={branch} here={here}>
    {branch.jobs.length + branch.descendants.length > 0 && (
      <ul>
        {branch.descendants.map((child) => (
          <Branch key={child.id} branch={child} />
        ))}
        {branch.jobs.map(({ id, state }) => (
          <li key={id}>
            <div class="node">
              <a href={`#/jobs/${id}`}>a job that starts from it</a> <StateBadge state={state} />
            </div>
          </li>
        ))}
      </ul>
    )}
  </Node>
);

/** The oldest base first; each model stands inside the one that it started from. */
const From = ({ ancestors, children }: { ancestors: readonly LineageModel[]; children: ComponentChildren }) => {
  const [oldest, ...rest] = ancestors;
  if (oldest === undefined) return <>{children}</>;
  return (
    <Node model={oldest}>
      <ul>
        <From ancestors={rest}>{children}</From>
      </ul>
    </Node>
  );
};

/** Where a model comes from and what came of it, as a tree. */
export const LineageTree = ({ lineage: { ancestors, model, truncated } }: { lineage: Lineage }) => (
  <>
    <ul class="tree">
      <From ancestors={ancestors.toReversed()}>
        <Branch branch={model} here />
      </From>
    </ul>
    {ancestors.length + model.descendants.length + model.jobs.length === 0 && (
      <p class="muted small">It started from no other model, and none has started from it.</p>
    )}
    {truncated && <p class="notice plain">There is more than is shown here.</p>}
  </>
);
