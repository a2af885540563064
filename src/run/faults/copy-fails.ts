import { GNTST_general_error } from "../../xen/abi/grant-table.ts";
import { refusal } from "./kind.ts";

export const copyFails = refusal(
	"copy-fails",
	"a copy from or to a lent page is refused",
	["grant.copy"],
	{ GNTST_general_error },
);
