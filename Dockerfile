# playcaller in an image of its own: a static binary, no shell, no root.
#
#   docker build -t playcaller .
#   docker run -p 8080:8080 -v playcaller:/data -e SLACK_BOT_TOKEN -e SLACK_APP_TOKEN -e PLAYCALLER_API_TOKENS playcaller
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /playcaller ./bot && mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /playcaller /playcaller
COPY --from=build --chown=nonroot:nonroot /data /data
USER nonroot
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["/playcaller", "health"]
ENTRYPOINT ["/playcaller"]
CMD ["serve", "--data", "/data", "--addr", "0.0.0.0:8080"]
