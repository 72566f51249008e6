/** Where the reader is, kept in the URL's fragment so that the server needs one route and links can be shared. */
export type Route =
  | { view: "jobs" }
  | { view: "job"; id: string }
  | { view: "new"; dataset: string | null }
  | { view: "studies" }
  | { view: "study"; id: string }
  | { view: "newStudy"; dataset: string }
  | { view: "datasets" }
  | { view: "dataset"; id: string }
  | { view: "models" }
  | { view: "model"; id: string };

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A broken escape in a pasted link: the id is then simply not found.
  }
};

export const parseRoute = (fragment: string): Route => {
  const [view = "", ...rest] = fragment.replace(/^#?\/?/, "").split("/");
  const id = decode(rest.join("/"));
  if (view === "new") return { view: "new", dataset: id === "" ? null : id };
  if (view === "new-study" && id !== "") return { view: "newStudy", dataset: id };
  if (view === "studies") return id === "" ? { view: "studies" } : { view: "study", id };
  if (view === "datasets") return id === "" ? { view: "datasets" } : { view: "dataset", id };
  if (view === "models") return id === "" ? { view: "models" } : { view: "model", id };
  return view === "jobs" && id !== "" ? { view: "job", id } : { view: "jobs" };
};

export const toFragment = (route: Route): string => {
  switch (route.view) {
    case "jobs":
      return "#/";
    case "new":
      return route.dataset === null ? "#/new" : `#/new/${route.dataset}`;
    case "newStudy":
      return `#/new-study/${route.dataset}`;
    case "study":
      return `#/studies/${route.id}`;
    case "studies":
    case "datasets":
    case "models":
      return `#/${route.view}`;
    case "job":
    case "dataset":
    case "model":
      return `#/${route.view}s/${route.id}`;
  }
};
