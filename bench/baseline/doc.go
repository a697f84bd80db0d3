// Package baseline is what one would write without mlf: the usual libraries, in
// their usual way, well configured. Benchmarks measure mlf against it.
//
// It knows fasthttp, fastjson, kafka-go and clickhouse-go, and the votes that
// benchmarks are made with. It must not know any stage of mlf: it would be no
// comparison.
package baseline
