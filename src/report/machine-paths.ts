/** First parts of XenStore paths, which look like a machine's and say nothing of it. */
const XENSTORE = new Set(["local", "vm", "libxl", "tool"]);

const END = "\\s'\"`()\\[\\]{}<>|,;";
const FILE_URL = new RegExp(`file://[^${END}]*`, "g");
const WINDOWS = new RegExp(`(?<![A-Za-z0-9])[A-Za-z]:[\\\\/][^${END}:]*`, "g");
const POSIX = new RegExp(
	`(?<=^|[${END}=:])/(?!/)[^${END}/:]+/[^${END}:]*`,
	"g",
);

/** Absolute paths and `file:` addresses as their last part, so that the text is the same on every machine. XenStore paths stay. */
export function withoutMachinePaths(text: string): string {
	return text
		.replaceAll(FILE_URL, last)
		.replaceAll(WINDOWS, last)
		.replaceAll(POSIX, (path) =>
			XENSTORE.has(path.split("/")[1] ?? "") ? path : last(path),
		);
}

const last = (path: string): string =>
	path.split(/[\\/]/).findLast((part) => part !== "") ?? "";
