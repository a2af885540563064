/** docs/PEERS.md, made from the table of calls and the example that a test runs. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ABILITIES } from "../../src/scenario/abilities.ts";
import { CALLS } from "../../src/xen/call.ts";

const ROOT = resolve(import.meta.dirname, "..", "..");

const fields = (record: Record<string, string>): string =>
	Object.entries(record)
		.map(([name, type]) => `\`${name}\` ${type}`)
		.join(", ");

const calls = (): string =>
	Object.entries(CALLS)
		.map(
			([name, { says, ask, reply }]) =>
				`| \`${name}\` | ${fields(ask)} | ${fields(reply)} | ${says} |`,
		)
		.join("\n");

const abilities = (): string =>
	Object.entries(ABILITIES)
		.map(
			([name, { says, counted }]) =>
				`| \`${counted ? `${name}>=N` : name}\` | ${says} |`,
		)
		.join("\n");

export const peersDocument =
	(): string => `# Checking an implementation of your own

\`\`\`sh
npx xdisp-check run --backend my-backend.mjs --junit report.xml
npx xdisp-check run --frontend my-frontend.ts
\`\`\`

A module is \`.js\`, \`.mjs\` or \`.ts\`. Its default export is a factory, called afresh for each run and given

| field | what it is |
|---|---|
| \`role\` | \`frontend\` or \`backend\` |
| \`domid\` | the domain it runs in |
| \`start(name, body)\` | start another task: \`yield* context.start("irq", body)\` |
| \`startAsync(ask, name, body)\` | the same in an async task |
| \`limits\` | of a backend: what one guest may make it hold (buffers, framebuffers, bytes, pages) |
| \`versions\` | of a backend: the protocol versions it is to offer, e.g. \`1,2\` |

A backend returns \`{ main, stop }\`: \`main\` is its first task, \`stop\` ends it in order. A frontend returns \`{ operations }\`: \`bind\`, \`unbind\`,
\`gem.create\`, \`gem.close\`, \`prime.import\`, \`fb.create\`, \`fb.destroy\`, \`mode.set\`, \`mode.off\`, \`page.flip\`, \`edid.read\`; each takes one argument object and
comes back with \`{ status }\`, 0 or a negative errno (src/peer/peer.ts has the types). Two operations may be under way at once.

A task is a generator that yields calls, \`const { status, port } = yield* ask("evtchn.alloc-unbound", { remote: 1 })\`, or an async function that is given the
verb, \`async (ask) => { await ask("xs.read", { tx: 0, path }) }\`. Nothing else may be waited for: no timer, file or socket. \`xdisp-check/peer\` exports \`ask\`, the ring of
ring.h and the codecs of displif.h; using them is no duty. That import is found in a module that lies inside this
clone, or in a project that has the clone as a dependency.

Modules run in a worker. An endless loop, an exception, \`process.exit()\` are findings once the module has made its first call (exit code 1), before it exit code 5.
A case that fails is played twice: a module that tells two stories is reported as nondeterministic (5).

What it does not have it says: \`export const lacks = ["edid"]\`, or \`--without edid\`. Cases that require it are then skipped with that reason. What it advertises in
XenStore it cannot lack.

| ability | what it means |
|---|---|
${abilities()}

## A backend in under a hundred lines

\`examples/backend.mjs\`; a test runs it.

\`\`\`js
${readFileSync(join(ROOT, "examples", "backend.mjs"), "utf8").trimEnd()}
\`\`\`

## Every call of the door

Every reply has \`status\`: 0 or a count when it was done, else \`-errno\`, or a GNTST_* for the mapping side of grants. A \`u32\` is a number, \`words\` a list of 32-bit words.

| call | asks | replies, beside \`status\` | what it does |
|---|---|---|---|
${calls()}
`;
