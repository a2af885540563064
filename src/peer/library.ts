/** What a module under test may import as `xdisp-check/peer`: the verb of the door, rings and codecs. Using it is no duty. */
export { errnoName, errnoNumber } from "../base/errno.ts";
export {
	bufferPages,
	buildDirectory,
	directoryPages,
	walkDirectory,
} from "../displif/directory.ts";
export { eventSlotWord } from "../displif/event-page.ts";
export {
	decodeEvent,
	decodeRequest,
	decodeResponse,
	encodeEvent,
	encodeRequest,
	encodeResponse,
} from "../displif/packet.ts";
export {
	type AnyReply,
	type Ask,
	ask,
	type Call,
	type CallName,
	type Reply,
	type Turns,
} from "../xen/call.ts";
export { BackRing, FrontRing, sharedRingInit } from "../xen/ring.ts";
export type { Backend, Frontend, PeerContext, PeerModule } from "./peer.ts";
