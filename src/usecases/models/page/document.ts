import { type Html, html } from "./html.ts";

/** Policy of a page that needs nothing from anywhere: its own style, and no script. */
export const reportPagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const style = `:root{color-scheme:light dark;--ink:#1d2433;--muted:#5b6475;--line:#d5dae3;--mark:#2457c5;--soft:#8fb0f0;--wrong:#c53a24;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e7eaf1;--muted:#9aa4b8;--line:#3a4254;--mark:#86a9ff;--soft:#4a69b5;--wrong:#ff8a75;--paper:#161a22}}
body{margin:2rem auto;max-width:52rem;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{margin-bottom:0}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:.9rem}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}td:first-child{min-width:9rem}figure{margin:1.5rem 0}figcaption{color:var(--muted);font-size:.85rem}
svg{width:100%;height:auto;font:12px system-ui,sans-serif}svg text{fill:var(--ink)}svg .tick{fill:var(--muted);font-size:11px}.grid{stroke:var(--line)}.interval{stroke:var(--soft);stroke-width:5;stroke-linecap:round}
.mark,.right{fill:var(--mark)}.wrong{fill:var(--wrong)}.curve{fill:none;stroke:var(--mark);stroke-width:2}.faint{stroke:var(--soft);stroke-width:1;opacity:.6}.reference{stroke:var(--muted);stroke-dasharray:4 4}
pre{overflow:auto;font-size:.8rem;border:1px solid var(--line);padding:1rem}.muted{color:var(--muted)}@media print{body{max-width:none}figure,table{break-inside:avoid}}`;

/** A page to hand on: one file that asks for nothing from anywhere. */
export const documentOf = (title: string, body: Html): string =>
  html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${{ html: style }}</style></head>
<body>${body}
</body></html>
`.html;
