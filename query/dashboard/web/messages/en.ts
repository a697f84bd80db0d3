// What the page says, in the rooms where it is said.
import daily from "./en/daily.json";
import map from "./en/map.json";
import network from "./en/network.json";
import notice from "./en/notice.json";
import place from "./en/place.json";
import rank from "./en/rank.json";
import shell from "./en/shell.json";
import trend from "./en/trend.json";

export default { ...daily, ...map, ...network, ...notice, ...place, ...rank, ...shell, ...trend };
