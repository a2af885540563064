/** XENDISPL_OP_GET_EDID: the only time that the backend writes into pages of ours. */
import { XENDISPL_EDID_MAX_SIZE } from "../../displif/constants.ts";
import { bufferPages, directoryPages } from "../../displif/directory.ts";
import { parseEdid } from "../../displif/edid.ts";
import { ask, type Turns } from "../../xen/call.ts";
import { PAGE_SIZE } from "../../xen/frame.ts";
import type { OperationResult, Operations } from "../peer.ts";
import type { Connection } from "./connection.ts";
import type { Device } from "./device.ts";
import { refused } from "./driver.ts";
import { type Lent, nothingLent, type Pages } from "./pages.ts";
import type { Answer, Orphan, Unanswered } from "./requests.ts";
import { failed } from "./status.ts";

/** The buffer, always our own, and its directory. */
export interface EdidBuffer {
	data: Lent;
	directory: Lent;
}

export class Edids {
	protected readonly device: Device;
	protected readonly pages: Pages;

	constructor(device: Device) {
		this.device = device;
		this.pages = device.driver.pages;
	}

	*read({ connector }: Operations["edid.read"]): Turns<OperationResult> {
		const connection = this.device.live;
		if (connection === undefined) return refused("ENODEV");
		if (connection.config.connectors[connector] === undefined)
			return refused("ENOENT");
		if (connection.config.version < 2) return refused("EOPNOTSUPP");
		const buffer = { data: nothingLent(), directory: nothingLent() };
		const status = yield* this.share(buffer, connection.backendId);
		if (status < 0) {
			yield* this.release(buffer, true);
			return { status };
		}
		const answer = yield* connection.requests(connector).send("GET_EDID", {
			buffer_sz: XENDISPL_EDID_MAX_SIZE,
			gref_directory: buffer.directory.refs[0] as number,
		});
		if (answer.how === "unanswered") {
			yield* this.onTimeout(buffer, connection, answer);
			return { status: answer.status };
		}
		const edid = yield* this.copyOut(buffer, answer);
		yield* this.release(buffer, true);
		if (typeof edid === "number") return { status: edid };
		const mode = parseEdid(edid);
		if (!mode.ok) return refused("EILSEQ");
		// "Connector settings" of displif.h: what the EDID says wins over the configured resolution.
		connection.config.connectors[connector] = {
			width: mode.width,
			height: mode.height,
		};
		return { status: 0, edid };
	}

	protected *share(buffer: EdidBuffer, backend: number): Turns<number> {
		const { pages } = this;
		const count = bufferPages(XENDISPL_EDID_MAX_SIZE);
		let status = yield* pages.allocatePages(buffer.data, count);
		if (status >= 0)
			status = yield* pages.allocatePages(
				buffer.directory,
				directoryPages(count),
			);
		if (status >= 0)
			status = yield* pages.claimReferences(buffer.directory, buffer.data);
		if (status < 0) return status;
		yield* pages.writeDirectory(buffer.directory, buffer.data.refs);
		status = yield* pages.grantPages(buffer.directory, backend, false);
		return status < 0
			? status
			: yield* pages.grantPages(buffer.data, backend, false);
	}

	/** A copy that the backend cannot change any more, of as many octets as it wrote; -errno when there are none, or it says more than we lent. */
	protected *copyOut(
		buffer: EdidBuffer,
		answer: Answer,
	): Turns<Uint8Array | number> {
		if (answer.how !== "answered" || answer.status < 0) return answer.status;
		const size = answer.edid_sz;
		if (size === 0) return failed("ENODATA");
		if (size > XENDISPL_EDID_MAX_SIZE) return failed("EOVERFLOW");
		const words = new Uint32Array(bufferPages(size) * (PAGE_SIZE / 4));
		for (let page = 0; page < bufferPages(size); page++) {
			const left = size - page * PAGE_SIZE;
			const loaded = yield* ask("page.load", {
				gfn: buffer.data.gfns[page] as number,
				word: 0,
				count: Math.ceil(Math.min(left, PAGE_SIZE) / 4),
			});
			words.set(Array.from(loaded.words), (page * PAGE_SIZE) / 4);
		}
		return new Uint8Array(words.buffer, 0, size);
	}

	/** No answer: the backend may still write. The buffer stays with the request. */
	protected *onTimeout(
		buffer: EdidBuffer,
		connection: Connection,
		{ pending }: Unanswered,
	): Turns {
		yield* connection.adopt(pending, this.orphan(buffer));
	}

	/** The buffer waits for the answer, whatever it will be. */
	protected orphan(buffer: EdidBuffer): Orphan {
		return {
			late: () => this.release(buffer, true),
			release: (letGo) => this.release(buffer, letGo),
		};
	}

	protected *release(buffer: EdidBuffer, letGo: boolean): Turns {
		for (const lent of [buffer.directory, buffer.data])
			if (letGo) yield* this.pages.takeBack(lent);
			else yield* this.pages.surrender(lent);
	}
}
