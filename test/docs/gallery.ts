/** docs/GALLERY.md: what the tool says of real bugs, from runs of the command. */
import { BUGS } from "../../src/spec/bugs.ts";
import { command } from "../cli/command.ts";
import type { WrongModule } from "../wrong/catalogue.ts";

/** One of each kind: an error path, a marker, a time-out, a reply too early, an index too early. */
const SHOWN = ["B01", "B07", "B18", "B42", "B46"];

export function galleryDocument(all: readonly WrongModule[]): string {
	return [
		"# Five bugs, and what xdisp-check says of them",
		"",
		"Each of these was, or is, in a real driver. It is planted here in the reference implementation by one file that overrides one function, and",
		"the report below is what `xdisp-check run` prints, whole, for the first case that fails. This page is generated from such runs.",
		"",
		...SHOWN.flatMap((id) => {
			const bug = BUGS.find((one) => one.id === id);
			const one = all.find(({ wrong }) => wrong.bug === id);
			if (bug === undefined || one === undefined)
				throw new Error(`${id} is not planted`);
			const { takes, shownBy } = one.wrong;
			const args = ["run", shownBy[0], `--${takes}`, one.file, "--bail"];
			const { out } = command(args);
			return [
				`## ${bug.title}`,
				"",
				`${bug.id}, ${bug.side === "both" ? "both sides" : `a ${bug.side}`}. ${bug.says}`,
				"",
				`Planted as [${one.file}](../${one.file}).`,
				"",
				"```",
				`$ npx xdisp-check ${args.join(" ")}`,
				"…",
				failure(out),
				"```",
				"",
			];
		}),
	].join("\n");
}

/** The block of the first failure. */
function failure(out: string): string {
	const lines = out.split("\n");
	const start = lines.findIndex((line) => /^FAIL {2}\S+:\d+ /.test(line));
	const end = lines.findIndex(
		(line, i) => i > start && /^ +see it /.test(line),
	);
	return lines.slice(start, end + 1).join("\n");
}
