/** Where the reader is, kept in the URL's fragment so that the server needs one route and links can be shared. */
export type Route =
  | { view: "home" }
  | { view: "jobs" }
  /** The curves of several jobs over each other. */
  | { view: "curves"; jobs: readonly string[] }
  | { view: "job"; id: string }
  | { view: "new"; dataset: string | null }
  | { view: "studies" }
  | { view: "study"; id: string }
  | { view: "newStudy"; dataset: string }
  | { view: "datasets" }
  | { view: "dataset"; id: string }
  | { view: "models" }
  | { view: "model"; id: string }
  | { view: "aliases" }
  | { view: "alias"; name: string }
  /** What to compare with what, as far as it is chosen: models, then the data set. */
  | { view: "compare"; models: readonly string[]; dataset: string | null };

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A broken escape in a pasted link: the id is then simply not found.
  }
};

export const parseRoute = (fragment: string): Route => {
  const [view = "", ...rest] = fragment.replace(/^#?\/?/, "").split("/");
  if (view === "compare") {
    const [models = "", dataset = ""] = rest.map(decode);
    return { view, models: models.split(",").filter(Boolean), dataset: dataset === "" ? null : dataset };
  }
  const id = decode(rest.join("/"));
  if (view === "curves") return { view, jobs: id.split(",").filter(Boolean) };
  if (view === "new") return { view: "new", dataset: id === "" ? null : id };
  if (view === "new-study" && id !== "") return { view: "newStudy", dataset: id };
  if (view === "studies") return id === "" ? { view: "studies" } : { view: "study", id };
  if (view === "datasets") return id === "" ? { view: "datasets" } : { view: "dataset", id };
  if (view === "models") return id === "" ? { view: "models" } : { view: "model", id };
  if (view === "aliases") return id === "" ? { view } : { view: "alias", name: id };
  if (view === "jobs") return id === "" ? { view } : { view: "job", id };
  return { view: "home" };
};

export const toFragment = (route: Route): string => {
  switch (route.view) {
    case "home":
      return "#/";
    case "curves":
      return `#/curves/${route.jobs.join(",")}`;
    case "new":
      return route.dataset === null ? "#/new" : `#/new/${route.dataset}`;
    case "newStudy":
      return `#/new-study/${route.dataset}`;
    case "study":
      return `#/studies/${route.id}`;
    case "alias":
      return `#/aliases/${encodeURIComponent(route.name)}`;
    case "compare":
      return `#/compare/${[route.models.join(","), ...(route.dataset === null ? [] : [route.dataset])].join("/")}`;
    case "jobs":
    case "studies":
    case "datasets":
    case "models":
    case "aliases":
      return `#/${route.view}`;
    case "job":
    case "dataset":
    case "model":
      return `#/${route.view}s/${route.id}`;
  }
};
