// The orders service behind grpc-gateway, without a line of its own beyond what its manual shows: what a
// team of Go developers would put in front of the same gRPC service.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	orders "waybill/peer/gen/waybill/orders/v1"
)

const messageBytesMax = 64 << 20

func main() {
	json := &runtime.JSONPb{
		MarshalOptions:   protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true},
		UnmarshalOptions: protojson.UnmarshalOptions{},
	}
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, json),
		runtime.WithIncomingHeaderMatcher(forwarded),
	)
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageBytesMax), grpc.MaxCallSendMsgSize(messageBytesMax)),
	}
	if err := orders.RegisterOrderServiceHandlerFromEndpoint(context.Background(), mux, os.Args[1], options); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, mux))
}

// The tenant goes on as metadata, which the services know the caller by.
func forwarded(header string) (string, bool) {
	if header == "Waybill-Tenant-Id" {
		return header, true
	}
	return runtime.DefaultHeaderMatcher(header)
}
