// What the page says, in the rooms where it is said.
import daily from "./it/daily.json";
import map from "./it/map.json";
import network from "./it/network.json";
import notice from "./it/notice.json";
import place from "./it/place.json";
import rank from "./it/rank.json";
import shell from "./it/shell.json";
import trend from "./it/trend.json";

export default { ...daily, ...map, ...network, ...notice, ...place, ...rank, ...shell, ...trend };
