import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { DatasetsView, DatasetView } from "./datasets/datasets-view.tsx";
import { NewJobView } from "./form/new-job-view.tsx";
import { here } from "./here.ts";
import { HomeView } from "./home/home-view.tsx";
import { CurvesView } from "./jobs/curves-view.tsx";
import { JobView } from "./jobs/job-view.tsx";
import { JobsView } from "./jobs/jobs-view.tsx";
import { AliasView } from "./registry/alias-view.tsx";
import { AliasesView } from "./registry/aliases-view.tsx";
import { CompareView } from "./registry/compare-view.tsx";
import { parseRoute, type Route, toFragment } from "./route.ts";
import { NewStudyView } from "./studies/new-study-view.tsx";
import { StudiesView } from "./studies/studies-view.tsx";
import { StudyView } from "./studies/study-view.tsx";
import { ModelsView, ModelView } from "./views/models-view.tsx";

const View = ({ route }: { route: Route }) => {
  switch (route.view) {
    case "home":
      return <HomeView />;
    case "jobs":
      return <JobsView />;
    case "curves":
      return <CurvesView key={toFragment(route)} jobs={route.jobs} />;
    case "job":
      return <JobView key={route.id} id={route.id} />;
    case "new":
      return <NewJobView dataset={route.dataset} />;
    case "studies":
      return <StudiesView />;
    case "study":
      return <StudyView key={route.id} id={route.id} />;
    case "newStudy":
      return <NewStudyView key={route.dataset} dataset={route.dataset} />;
    case "datasets":
      return <DatasetsView />;
    case "dataset":
      return <DatasetView key={route.id} id={route.id} />;
    case "models":
      return <ModelsView />;
    case "model":
      return <ModelView key={route.id} id={route.id} />;
    case "aliases":
      return <AliasesView />;
    case "alias":
      return <AliasView key={route.name} name={route.name} />;
    case "compare":
      return <CompareView key={toFragment(route)} models={route.models} dataset={route.dataset} />;
  }
};

const tabs = [
  { name: "Home", fragment: "#/", views: ["home"] },
  { name: "Jobs", fragment: "#/jobs", views: ["jobs", "job", "new", "curves"] },
  { name: "Studies", fragment: "#/studies", views: ["studies", "study", "newStudy"] },
  { name: "Data sets", fragment: "#/datasets", views: ["datasets", "dataset"] },
  { name: "Models", fragment: "#/models", views: ["models", "model", "aliases", "alias", "compare"] },
] as const satisfies readonly { name: string; fragment: string; views: readonly Route["view"][] }[];

/** Views whose title is not that of their tab; of what has a name the title is the name, once it is known. */
const titles: readonly { name: string; views: readonly Route["view"][] }[] = [
  { name: "New job", views: ["new"] },
  { name: "Curves", views: ["curves"] },
  { name: "New study", views: ["newStudy"] },
  { name: "Aliases", views: ["aliases", "alias"] },
  { name: "Compare models", views: ["compare"] },
];

const App = () => {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    const onHashChange = (): void => {
      setRoute(parseRoute(location.hash));
      // A new view: keyboard and screen reader start at its top.
      main.current?.focus();
      scrollTo(0, 0);
    };
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, []);
  const current = tabs.find(({ views }) => (views as readonly string[]).includes(route.view)) ?? tabs[0];
  useEffect(() => {
    const { name } = titles.find(({ views }) => views.includes(route.view)) ?? current;
    document.title = `${name} · Descent`;
  }, [route]);
  return (
    <>
      <header>
        {/* A link whose target is not in the fragment, which says where the reader is. */}
        <a
          class="skip"
          href={toFragment(route)}
          onClick={(event) => {
            event.preventDefault();
            main.current?.focus();
          }}
        >
          Skip to the content
        </a>
        <a class="brand" href={toFragment({ view: "home" })}>
          <img src={here("assets/icon.svg")} alt="" width="28" height="28" />
          Descent
        </a>
        <nav aria-label="Main">
          {tabs.map((tab) => (
            <a key={tab.name} href={tab.fragment} aria-current={tab === current ? "page" : undefined}>
              {tab.name}
            </a>
          ))}
        </nav>
        <a class="docs" href={here("docs")}>
          Docs
        </a>
      </header>
      <main ref={main} tabIndex={-1}>
        <View route={route} />
      </main>
    </>
  );
};

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
