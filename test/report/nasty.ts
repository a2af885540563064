/** What an implementation, a scenario or a terminal may put into a report to break the programs that read it. */
import { aCase, aReport, finding } from "./values.ts";

const ESC = String.fromCharCode(27);
const control = Array.from({ length: 32 }, (_, code) =>
	String.fromCharCode(code),
).join("x");

export const NASTY: Readonly<Record<string, string>> = {
	"control characters": `${control}\u007f\u0080\u009f\u0085 end`,
	"colours and cursor": `${ESC}[1;31mred${ESC}[0m ${ESC}[2J${ESC}]0;title${String.fromCharCode(7)} ${ESC}]8;;http://x${ESC}\\link${ESC}[`,
	"the end of a CDATA section": "a ]]> b <![CDATA[ c ]]> d",
	markup: `<failure message="x">&amp;&lt;&#0;&bogus;</failure>`,
	comments: "-- <!-- a -- b --> <?php -- ?>",
	quotes: `"double" 'single' \`back\``,
	"line ends": "one\ntwo\r\nthree\rfour\tfive\u2028six\u0085seven",
	emoji: "✔ 👩‍💻 passed 🎉 日本語 é ﷽",
	"lone surrogates": "a\ud800b\udc00c\udc00\ud800d",
	"what is no character": "a\ufffeb\uffffc\u{1fffe}d\ufeffe",
	"an attachment": "[[ATTACHMENT|/etc/passwd]]",
	blanks: "   a    b   ",
	nothing: "",
	"long words": `begin${"x".repeat(60_000)}end`,
	"ten megabytes": `begin ${`<&>"${ESC}[1m\n`.repeat(1_000_000)} end`,
};

/** The text wherever a stranger's text can stand. */
export function nastyReport(text: string) {
	return aReport(
		[
			aCase({
				id: "nasty.failed",
				scenario: "nasty.failed",
				title: text,
				outcome: "failed",
				findings: [
					finding({
						message: text,
						expected: text,
						got: text,
						requirements: [text],
						leak: { kind: text, count: 1, owner: text, origin: text, entry: 1 },
					}),
					finding({ message: text }),
				],
				frame: { place: { file: "n.yaml", line: 1, column: 3 }, text },
				story: [{ entry: 1, tick: 0, who: text, text }],
				faults: [text],
			}),
			aCase({
				id: `nasty.skipped[row=${text}]`,
				scenario: "nasty.skipped",
				title: "It is skipped",
				outcome: "skipped",
				reason: text,
				link: text,
			}),
			aCase({
				id: "nasty.error",
				scenario: "nasty.error",
				title: text,
				outcome: "error",
				error: { class: "load", message: text, detail: text },
			}),
			aCase({
				id: "nasty.warned",
				scenario: "nasty.warned",
				findings: [finding({ level: "should", message: text, got: text })],
				notes: [text],
				requirements: [text],
				tags: [text],
			}),
		],
		{
			implementations: { backend: text },
			invalid: [
				{ place: { file: "n.yaml", line: 1, column: 1 }, message: text, text },
			],
			internal: [text],
		},
	);
}
