import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const storeReadFails = refusal(
	"store-read-fails",
	"XenStore cannot be read",
	["xs.read", "xs.directory", "xs.directory-part"],
	{ EIO: -errnoNumber("EIO") },
);
