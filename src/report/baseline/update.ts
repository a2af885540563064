/** A baseline written anew from a run: what people wrote in it stays, comments too. */
import { Document, isMap, isSeq, parseDocument } from "yaml";
import { weigh } from "../counts.ts";
import type { CaseReport, Report } from "../report.ts";
import { formOf, isForm, lists } from "./apply.ts";
import type { Known } from "./read.ts";

const HEAD =
	" Failures that are known. Each entry needs a reason; `link` and `expires: YYYY-MM-DD` are optional.";

/** What a new entry says until somebody says more. */
export const NO_REASON = "not explained yet";

/** Cases that tell whether a failure is still there. */
const TELLING = new Set<CaseReport["outcome"]>([
	"passed",
	"failed",
	"known",
	"unexpected-pass",
]);

/**
 * The text of the baseline after this run, which no baseline was applied to. Failures that are not listed are added; entries of cases that were
 * played and failed otherwise, or not at all, go; with `whole` entries without a case go as well.
 */
export function updateBaseline(
	report: Report,
	before: string | undefined,
	whole: boolean,
): string {
	const document =
		before === undefined
			? new Document({ known: [] })
			: parseDocument(before, { version: "1.2" });
	if (before === undefined) document.commentBefore = HEAD;
	// What an entry for many cases lists already needs none of its own.
	const forms = formsOf(document.get("known"));
	const failing = new Map<string, Set<string>>();
	const played = new Set<string>();
	const there = new Set<string>();
	for (const { cases } of report.files)
		for (const one of cases) {
			there.add(one.id);
			if (!TELLING.has(one.outcome)) continue;
			played.add(one.id);
			failing.set(
				one.id,
				new Set(
					one.findings
						.filter((f) => weigh(f, report.level) === "failure")
						.filter((f) => !covered(forms, one.id, f))
						.map(({ rule }) => rule),
				),
			);
		}
	const list = document.get("known");
	if (!isSeq(list)) throw new Error("a baseline that was read has a list");
	list.flow = false;
	list.items = list.items.filter((item) => {
		if (!isMap(item)) return false;
		const [id, rule] = [String(item.get("case")), String(item.get("rule"))];
		const form = forms.find((one) => one.item === item);
		if (form !== undefined) return form.met || !whole;
		if (!played.has(id)) return there.has(id) || !whole;
		return failing.get(id)?.delete(rule) === true;
	});
	for (const [id, rules] of failing)
		for (const rule of rules)
			list.add(document.createNode({ case: id, rule, reason: NO_REASON }));
	return document.toString({ lineWidth: 0 });
}

/** An entry for many cases, as it stands in the document. */
interface Form {
	item: unknown;
	entry: Pick<Known, "case" | "rule" | "message">;
	met: boolean;
}

function formsOf(list: unknown): Form[] {
	if (!isSeq(list)) return [];
	return list.items.flatMap((item) => {
		if (!isMap(item)) return [];
		const [id, message] = [String(item.get("case")), item.get("message")];
		if (!isForm(id)) return [];
		const entry = {
			case: id,
			rule: String(item.get("rule")),
			...(message === undefined ? {} : { message: String(message) }),
		};
		return [{ item, entry, met: false }];
	});
}

function covered(
	forms: readonly Form[],
	id: string,
	finding: CaseReport["findings"][number],
): boolean {
	const found = forms.filter(
		({ entry }) => formOf(entry.case)(id) && lists(entry, finding),
	);
	for (const form of found) form.met = true;
	return found.length > 0;
}
