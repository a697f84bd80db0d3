// What the page says, in the rooms where it is said.
import daily from "./de/daily.json";
import map from "./de/map.json";
import network from "./de/network.json";
import notice from "./de/notice.json";
import place from "./de/place.json";
import rank from "./de/rank.json";
import shell from "./de/shell.json";
import trend from "./de/trend.json";

export default { ...daily, ...map, ...network, ...notice, ...place, ...rank, ...shell, ...trend };
