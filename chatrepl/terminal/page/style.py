"""How a page looks: light or dark as the reader likes it, on a phone, on a screen, on paper."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d1d1f; --paper: #fff; --dim: #63636a; --line: #d9d9de;
  --tint: #f4f4f6; --link: #0b57d0; --accent: #8a2a8a; --note: #1f5fbf; --good: #1a6b2a;
  --care: #8a5a00; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e8; --paper: #161618; --dim: #9d9da5;
  --line: #36363b; --tint: #222226; --link: #8ab4f8; --accent: #d7a6e0; --note: #8ab4f8;
  --good: #81c995; --care: #fdd663; --bad: #f28b82; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 48rem; color: var(--ink);
  background: var(--paper); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; }
h2 { font-size: .8rem; color: var(--dim); font-weight: 600; margin: 0 0 .5rem; }
h3, h4, h5, h6 { line-height: 1.3; margin: 1.4em 0 .5em; }
h3 { font-size: 1.3rem; } h4 { font-size: 1.12rem; } h5, h6 { font-size: 1rem; }
p, ul, ol, blockquote, .wide, .code, .math, .raw, details { margin: .7em 0; }
p:last-child { margin-bottom: 0; }
header { margin-bottom: 2rem; padding-bottom: 1rem; border-bottom: 1px solid var(--line); }
.about, .receipt, .file, .note, .given, .mark, summary, footer { color: var(--dim);
  font-size: .85rem; }
section { margin: 1.75rem 0; }
aside { border-left: 3px solid var(--line); padding-left: 1rem; margin-top: 2.5rem; }
.user, .system { background: var(--tint); border-radius: .6rem; padding: .8rem 1rem; }
.typed { white-space: pre-wrap; }
a { color: var(--link); text-underline-offset: .15em; }
sup { line-height: 0; } sup a { text-decoration: none; }
ul, ol { padding-left: 1.6em; } li > p, li > ul, li > ol { margin: .2em 0; }
.task { list-style: none; margin-left: -1.3em; } .task > p:first-of-type { display: inline; }
blockquote { margin-left: 0; padding: .1em 0 .1em 1em; border-left: 3px solid var(--line); }
.alert { border-color: var(--note); } .alert > .name { color: var(--note); font-weight: 600; }
.tip { border-color: var(--good); } .tip > .name { color: var(--good); }
.important { border-color: var(--accent); } .important > .name { color: var(--accent); }
.warning { border-color: var(--care); } .warning > .name { color: var(--care); }
.caution { border-color: var(--bad); } .caution > .name { color: var(--bad); }
hr { border: 0; border-top: 1px solid var(--line); margin: 1.5em 0; }
code, kbd, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { margin: 0; tab-size: 4; overflow-x: auto; } pre code { font-size: 1em; }
:not(pre) > code, kbd { background: var(--tint); padding: .1em .3em; border-radius: .3em; }
.user :not(pre) > code { background: var(--paper); }
.math { font-style: italic; } .raw { color: var(--dim); }
.code { background: var(--tint); border-radius: .5rem; padding: .7rem 1rem; }
.user .code { background: var(--paper); }
.lang { display: block; color: var(--dim); font-size: .75rem; user-select: none; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .95em; }
th, td { padding: .35em .7em; border: 1px solid var(--line); text-align: left;
  vertical-align: top; } th { background: var(--tint); }
.right { text-align: right; } .center { text-align: center; }
img { max-width: 100%; height: auto; border-radius: .4rem; }
details { border-left: 3px solid var(--line); padding-left: .9rem; } summary { cursor: pointer; }
details > div, details > pre { color: var(--dim); margin-top: .5em; white-space: pre-wrap;
  overflow-wrap: anywhere; }
.source { display: flex; gap: .5em; font-size: .85rem; margin: .2em 0; }
.source > p { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.source:target { background: var(--tint); } .receipt { margin: -1rem 0 0; }
@media (max-width: 30rem) { body { padding: 1.2rem .8rem 3rem; font-size: 15px; }
  .user, .system, .code { padding: .6rem .75rem; } }
@page { margin: 1.8cm; }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --dim: #555;
    --line: #bbb; --tint: #f4f4f6; --link: #000; --note: #1f5fbf; --good: #1a6b2a;
    --care: #8a5a00; --bad: #b3261e; --accent: #8a2a8a; }
  body { max-width: none; padding: 0; font-size: 11pt; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; } .wide { overflow: visible; }
  h2, h3, h4, h5, h6 { break-after: avoid; } tr, img, .source { break-inside: avoid; }
  .text a[href^="http"]::after { content: " (" attr(href) ")"; font-size: .8em; }
  .source a::after, .given a::after, .bare::after { content: none !important; } }
"""
