/** docs/LINUX.md, made from a run of the suite with the driver of each release. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { lists } from "../../src/report/baseline/apply.ts";
import type { CaseReport, Report } from "../../src/report/report.ts";
import { BUGS } from "../../src/spec/bugs.ts";
import type { Explained } from "./explain.ts";
import { EXPLORED, EXPLORING, STORIES } from "./explored.ts";
import { DEFECTS, type Defect } from "./known.ts";

export interface Version {
	release: string;
	/** Where the driver's files lie, as in a tree. */
	sources: string;
	report: Report;
	found: Explained;
	/** Of the stories that exploring has left. */
	explored: Explained;
}

/** Lines of a story that are shown: the last ones before the finding. */
const STORY = 12;

/** What else the catalogue says of this driver: why the suite does not show it. */
const OTHERS: Readonly<Record<string, string>> = {
	B02: "Not there: `gem_create` sets `be_alloc` when it has the pages.",
	B03: "Not the driver's to mend: the scenarios `death/*-with-backend-buffers` let the guest hang and die, and the backend is what is judged.",
	B06: "Mended in both releases (6.1.192, 6.12.117): `grant_references` gives the batch back on every way out. Without that, `grants.frontend-call-fails` fails with `leak-reserved-refs`.",
	B20: "Mended: `data_ofs` is sent, and `buffers.import` sees it. That it is sent without a look at the version is L11.",
	B24: "Not there: the driver asks for no EDID.",
	B26: "The count of looks is right in both releases. What is left: `xen_drv_remove` waits for InitWait alone, so a backend that stays in Closed costs 1 s (100 looks of 10 ms), and is then taken for gone; with a backend that still maps, that is L10.",
};

function lineOf({ where }: Defect, sources: string): string {
	const lines = readFileSync(join(sources, where.file), "utf8").split("\n");
	const at = lines.findIndex((line) => line.includes(where.line));
	const start = lines.findIndex((line) =>
		new RegExp(`\\b${where.function}\\(`).test(line),
	);
	// A label or a common line: the one within the function.
	const within = lines.findIndex(
		(line, index) => index >= start && line.includes(where.line),
	);
	const found = start >= 0 && within >= 0 ? within : at;
	return found < 0 ? "not there" : String(found + 1);
}

const cases = (found: Explained, defect: Defect): readonly CaseReport[] =>
	found.shown.get(defect) ?? [];

function table(
	versions: readonly Version[],
	defects: readonly Defect[],
	of: "found" | "explored",
): string {
	const head = [
		"| | what | function | verdict | catalogue |",
		...versions.map(({ release }) => ` ${release}: line, cases |`),
	].join("");
	const rule = `|---|---|---|---|---|${versions.map(() => "---|").join("")}`;
	const rows = defects.map((defect) => {
		const { id, title, where, verdict, bugs } = defect;
		const columns = versions.map(
			({ sources, [of]: found }) =>
				` ${lineOf(defect, sources)}, ${cases(found, defect).length} |`,
		);
		return `| [${id}](#${id.toLowerCase()}) | ${title} | \`${where.function}\`, ${basename(where.file)} | ${verdict} | ${bugs.join(", ")} |${columns.join("")}`;
	});
	return [head, rule, ...rows].join("\n");
}

function chapter(defect: Defect, [first]: readonly Version[]): string {
	const { id, title, says, lists: entries, story } = defect;
	const all = cases((first as Version).found, defect);
	const one = all.find((each) => each.id === story);
	if (one === undefined)
		throw new Error(`${id}: ${story} does not show it any more`);
	const finding =
		one.findings.find((each) =>
			entries.some(
				(entry) => entry.rule !== "expectation" && lists(entry, each),
			),
		) ??
		one.findings.find((each) => entries.some((entry) => lists(entry, each)));
	if (finding === undefined) throw new Error(`${id}: ${story} has no finding`);
	const until = one.story.filter(({ entry }) => entry <= finding.entry);
	const told = (until.length > 0 ? until : one.story).slice(-STORY);
	return [
		`### ${id}`,
		"",
		`**${title}.** ${says}`,
		"",
		`Requirement ${finding.requirements.map((each) => `\`${each}\``).join(", ")}. Seen in \`${one.id}\`${all.length > 1 ? ` and ${all.length - 1} more` : ""}:`,
		"",
		"```",
		...told.map(
			({ entry, tick, who, text }) =>
				`#${entry}  ${tick} ms  ${who}  ${text.slice(0, 160)}`,
		),
		`found     ${finding.message}`,
		`expected  ${finding.expected}`,
		`got       ${finding.got}`,
		"```",
	].join("\n");
}

/** The story as a file, and what it says. */
function exploredChapter(defect: Defect, [first]: readonly Version[]): string {
	const { id, title, says, lists: entries, story } = defect;
	const [one] = cases((first as Version).explored, defect);
	const finding = one?.findings.find((each) =>
		entries.some((entry) => lists(entry, each)),
	);
	if (finding === undefined)
		throw new Error(`${id}: ${story} does not show it any more`);
	return [
		`### ${id}`,
		"",
		`**${title}.** ${says}`,
		"",
		`Requirement ${finding.requirements.map((each) => `\`${each}\``).join(", ")}.`,
		"",
		"```yaml",
		readFileSync(join(STORIES, story), "utf8").trimEnd(),
		"```",
	].join("\n");
}

function catalogue(versions: readonly Version[]): string {
	const rows = BUGS.filter(
		({ id }) => id in OTHERS || DEFECTS.some(({ bugs }) => bugs.includes(id)),
	).map(({ id, title }) => {
		const defects = DEFECTS.filter(({ bugs }) => bugs.includes(id));
		const seen = defects.map(
			(defect) =>
				`${defect.id}, \`${defect.story}\`${versions.every(({ found }) => cases(found, defect).length > 0) ? "" : " (not in every release)"}`,
		);
		return `| ${id} | ${title} | ${[...seen, ...(id in OTHERS ? [OTHERS[id]] : [])].join("; ")} |`;
	});
	return [
		"| | catalogue | on the real driver |",
		"|---|---|---|",
		...rows,
	].join("\n");
}

export function linuxDocument(versions: readonly Version[]): string {
	const { counts } = (versions[0] as Version).report as Report & {
		counts: Record<string, number>;
	};
	return `# The Linux driver under test

\`\`\`sh
apt-get install clang lld binaryen    # and Node 20 or newer
npx xdisp-check run --frontend linux:$HOME/src/linux --baseline fixtures/baselines/linux-6.1.yaml
\`\`\`

\`linux:TREE\` is a kernel tree, or a folder with only the driver's files in it. \`linux:debian\` is the newest installed linux-source package, \`linux:debian-6.1\` that of a
release. The first run compiles (some 20 s), later ones take it from the cache (\`$XDG_CACHE_HOME/xdisp-check\`). With the baseline the exit code is 0 as long as the driver
is no worse than Debian's; a finding that is new fails the run, and so does an entry that is mended: \`--update-baseline\` takes it out. In an installed package the file lies in
\`node_modules/xdisp-check/fixtures/baselines/\`. \`--grep\`, \`--tag\`, \`--seed\`, \`--journal\` and the reporters are those of every run.

Nothing of the kernel is in this repository or in the package.

## What runs

The seven files of the driver (drivers/gpu/drm/xen and drivers/xen/xen-front-pgdir-shbuf.c), unchanged, with a small kernel of our own around them, as one WebAssembly module in
the process of the tester. src/attach/kernel/MODEL.md says of each function of that kernel what it models, and after which file. Operations of a scenario are what the bus and a
client do: probe and remove, open, dumb create, addfb, SETCRTC, page flip with its event, rmfb, close, PRIME import. Each kernel context (a system call, xenwatch, each interrupt,
each queued work) is a task of the domain. The guest has several processors: any task may run between two calls of another, only locks exclude. \`--seed\` draws the order.

## What is observed

- Hypercalls, XenStore, event channels, barriers, locks and sleeps are door calls like everybody's.
- **Loads and stores** of pages that are or were lent are seen exactly, one by one and in their order: the compiler puts a call before each access of the driver. Coarse is only
  this: stores into one slot of 64 octets with no barrier, lock or other shared access between them are one store for each run of words, and loads of different octets of one word
  with nothing between them are one load. So all rules of the wire are judged, in every \`world.memory\`.
- **Memory errors** are found as the kernel's address sanitizer finds them (use after free, double free, out of bounds, null, wild), and so are BUG, deadlocks and endless loops. They end the guest, as with
  panic_on_oops: what comes after one could not be judged. The finding names the functions on the stack, and where the memory was made and freed.
- **Objects** (kmalloc, pages, GEM objects, framebuffers, interrupts) are made and dropped in the ledger, with the function and line that made them.
- Lines of the kernel's log are in the report's messages.

The driver lacks, so that cases which need it are skipped: EDID and version 2 (it asks for none and chooses none), modes smaller than the connector, a second flip of a CRTC while one is under way. Faults that cannot
happen to a kernel, such as a grant that cannot be opened, are not tried on it.

## What is found

Of ${counts.cases} cases ${counts["not-applicable"]} are not about a frontend and ${counts.skipped} need what the driver lacks. Nearly all others fail, for L01 shows whenever the driver lets go of a channel. A *bug* is wrong by
the protocol, by the kernel's own rules or by what every PV driver owes. *Strictness* is where a rule or scenario asks for more than the kernel's interfaces let a driver give.

${table(versions, DEFECTS, "found")}

## Findings, one by one

${DEFECTS.map((defect) => chapter(defect, versions)).join("\n\n")}

## What exploring finds beside

${EXPLORING}

${table(versions, EXPLORED, "explored")}

${EXPLORED.map((defect) => exploredChapter(defect, versions)).join("\n\n")}

## The catalogue of bugs

${catalogue(versions)}
`;
}
