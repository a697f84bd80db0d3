# A quarter of votes, read into R. Needs no package; with arrow, read_parquet() takes
# the same addresses with .parquet. MLF_URL names the service.
service <- Sys.getenv("MLF_URL", "http://127.0.0.1:8081")
period <- Sys.getenv("MLF_PERIOD", "last-30-days") # 2026-Q3, 2026-11, 2026 …

# Codes are texts: without colClasses R takes 058091 for a number.
votes <- read.csv(paste0(service, "/v1/stats.csv?period=", period, "&group=region,comune,service,day"),
                  colClasses = c(region = "character", comune = "character", day = "Date"))

regions <- aggregate(cbind(green, yellow, red, n) ~ region, votes, sum)
regions$green_share <- regions$green / regions$n
ranking <- read.csv(paste0(service, "/v1/ranking.csv?by=region&min_n=1&period=", period), colClasses = c(region = "character"))
both <- merge(regions, ranking, by = "region")
stopifnot(nrow(both) == nrow(regions), all(both$n.x == both$n.y))
print(both[c("region", "n.x", "green_share.x", "green_low", "green_high")])
