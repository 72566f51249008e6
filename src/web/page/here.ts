/**
 * Where the service is: the folder of the page, which a proxy may have put below another path (`/ml/`). Links that leave the page,
 * and requests, begin here; what the page itself shows is in its fragment.
 */
const root = (): string => location.pathname.replace(/[^/]*$/, "");

/** `v1/jobs` → `/ml/v1/jobs`; a path from the root of the service loses its slash. */
export const here = (path: string): string => root() + path.replace(/^\//, "");
